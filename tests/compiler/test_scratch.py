import os, traceback, collections
from functools import partial
import anyio.from_thread, anyio.to_thread
from hypothesis import HealthCheck, given, seed, settings, Phase
from api.schema.build import printed
import tests.compiler.test_random as tr
from tests.compiler.test_random import ACTORS, World, Same, Reader, Rows, learned, pool_of, requests, compare, whole, json
N=int(os.environ.get("N","100")); SEED=int(os.environ.get("SEED","1"))
async def test_scratch(api, connection):
    world = await World.of(Same(connection, api.now))
    reader = Reader.of(await Rows.of(connection), api.now, printed())
    import time; t=time.time()
    reader.learn(await learned(api, reader, world))
    print("learned", len(reader.cursors), time.time()-t)
    pool = pool_of(reader)
    found = []; stats=collections.Counter(); times=collections.Counter()
    def go():
        @settings(max_examples=N, derandomize=True, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
        @given(requests(reader.strict, pool))
        def agrees(request):
            stats["docs"]+=1
            actor = ACTORS[stats["docs"] % len(ACTORS)]
            for variables in request.variables:
                ours=theirs=None
                try:
                    t0=time.time()
                    ours = anyio.from_thread.run(partial(api.post, request.text, actor=world.actors[actor], **variables))
                    t1=time.time()
                    theirs = reader.answer(request.text, variables, world.actors[actor])
                    t2=time.time(); times["ours"]+=t1-t0; times["theirs"]+=t2-t1
                    stats["invalid" if not theirs.valid else "mistaken" if theirs.mistakes else "ok"]+=1
                    if theirs.valid and not theirs.mistakes: stats["bytes"]+=len(json.dumps(theirs.data))
                    if not theirs.valid:
                        from graphql import parse, validate
                        for e in validate(reader.strict, parse(request.text))[:1]: stats[e.message[:60]]+=1
                    compare(ours, theirs)
                except Exception as e:
                    found.append((actor, request.text, variables, ours, theirs, e))
        seed(SEED)(agrees)()
    t=time.time()
    await anyio.to_thread.run_sync(go)
    print(stats, times, time.time()-t)
    print(len(found), "FAILURES")
    import difflib
    seen=set(); uniq=[]
    for f in sorted(found, key=lambda f: len(f[1])):
        import re
        k=re.sub(r"[0-9a-zA-Z_]*\d[0-9a-zA-Z_]*","#",str(f[5]))[:90]
        if k in seen: continue
        seen.add(k); uniq.append(f)
    for actor, text, variables, ours, theirs, e in uniq[:int(os.environ.get("SHOW","8"))]:
        print("="*100); print(actor, text, variables)
        print(type(e).__name__, str(e)[:300])
        if theirs is None: traceback.print_exception(e, limit=-6)
        else:
            print("ours errors", ours.get("errors"), "mistakes", theirs.mistakes, theirs.valid)
            if ours.get("data"):
                a=json.dumps(whole(ours["data"]),indent=1,ensure_ascii=False).splitlines(); b=json.dumps(whole(theirs.data),indent=1,ensure_ascii=False).splitlines()
                print("\n".join(list(difflib.unified_diff(a,b,"ours","theirs",lineterm="",n=8))[:40]))
