# The API without a database: DATABASE_URL names one. See compose.yaml and docs/operations.md.
FROM python:3.13-slim-bookworm AS build
WORKDIR /source
RUN python -m venv /opt/sigap
COPY requirements/runtime.txt requirements/
RUN /opt/sigap/bin/pip install --no-cache-dir --no-deps --require-hashes --requirement requirements/runtime.txt
COPY pyproject.toml README.md ./
COPY alembic alembic
COPY docs docs
COPY api api
RUN /opt/sigap/bin/pip install --no-cache-dir --no-deps .

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --user-group --no-create-home sigap \
    && install --directory --owner=sigap --group=sigap --mode=700 /var/lib/sigap
COPY --from=build /opt/sigap /opt/sigap
ENV PATH=/opt/sigap/bin:$PATH SIGAP_HOST=0.0.0.0 SIGAP_PORT=8000 SIGAP_DATA=/var/lib/sigap
USER sigap
WORKDIR /var/lib/sigap
# The keys: they must outlive the container.
VOLUME /var/lib/sigap
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD \
    ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"SIGAP_PORT\"]}/health', timeout=8)"]
CMD ["sigap", "serve"]
