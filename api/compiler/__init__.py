"""The compiler: from a GraphQL document to one SQL statement whose result is the JSON text of the answer.

It knows nothing of the domain: schema, sources, roots and the viewer are passed in. The passes, with their modules:

    document             an operation, validated by graphql-core, with coerced variables
       |
       v
    split variables      value.py       shape: what changes the SQL; slots: values that are only bound
       |
       v
    plan cache           plan.py        key: operation, field, viewer, shape ----- hit -----+
       | miss                                                                               |
       v                                                                                    |
    selection merge      selection.py   fragments, @skip, @include, equal response keys     |
       |                                (per object, while the builder descends)            |
       v                                                                                    |
    builder              root.py        root fields                                         |
       |                 build.py       objects and fields below them                       |
       |                 connection.py  pages of connections; window.py, cursor.py          |
       |  uses           declaration.py declarations of source.py and filter.py, as SQL     |
       |                 template.py    such an expression, compiled once                   |
       |                 step.py        one CTE for each list                               |
       |                 text.py        JSON text by concatenation                          |
       v                                                                                    |
    number parameters    plan.py        the finished plan is cached                         |
       |                                                                                    |
       v                                                                                    |
    bind                 plan.py        slots read from this request's variables <----------+
       |
       v
    one statement        executed by the caller; its only value is the JSON text

At start-up check.py refuses a schema with a type or field that cannot be answered.

An example, for a viewer without an account:

    query ($n: Int!) { kabupaten(first: $n) { nodes { name } ...More } }
    fragment More on KabupatenConnection { nodes { province { name } } }

1. Document: the variables are `{"n": 2}`.
2. Split variables: the shape is `(("n", ("Int", "int")),)`. The value 2 becomes `Slot(("n",))`, so that the same plan
   serves every other page size.
3. Plan cache: a miss. The next request for this document by a viewer of the same kind is a hit and goes on with 7.
4. Selection merge: `kabupaten { nodes { name province { name } } }`.
5. Builder. Templates: the field `name` is `sigap_this.name`, the join condition of `province` is
   `sigap_other.code = sigap_this.province_code`; the names of the statement's rows replace the placeholders. Steps: the
   page is the CTE `t3`, limited before anything is joined to it. Text: constants and columns are joined by `||`.
6. Number parameters: the LIMIT's parameter becomes `$1`. The statement, indented here:

    WITH t3 AS MATERIALIZED (
      SELECT t2.code, t2.name, t2.province_code FROM LATERAL (
        SELECT * FROM (SELECT t1.code, t1.name, t1.province_code FROM kabupaten AS t1 ORDER BY t1.code LIMIT 101) AS t2
        LIMIT $1::INTEGER) AS t2)
    SELECT '{"kabupaten":{"nodes":[' || coalesce(t5.items_0, '') || ']}}'
    FROM (
      SELECT string_agg('{"name":' || CAST(to_json(t3.name) AS TEXT) || ',"province":' ||
          CASE WHEN t4.code IS NOT NULL THEN '{"name":' || CAST(to_json(t4.name) AS TEXT) || '}' ELSE 'null' END ||
          '}', ',' ORDER BY t3.code) AS items_0
      FROM t3 LEFT JOIN province AS t4 ON t4.code = t3.province_code) AS t5

7. Bind: `[2]`, after the check that a page has 1 to 100 rows.
8. One statement: `{"kabupaten":{"nodes":[{"name":"Kabupaten Aceh Selatan","province":{"name":"Aceh"}},...]}}`.

`docs/decisions/0010-declarations-compiled-once.md` shows the statement of nested lists.
"""
