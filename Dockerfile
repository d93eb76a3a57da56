# The API server and the worker, one image: `netweave serve`, `netweave migrate`, `netweave kube-sync`.
# PostgreSQL is not inside; DATABASE_URL says where it is. With --build-arg REQUIREMENTS=embedded it is.
FROM python:3.13-slim AS build
ARG REQUIREMENTS=run

RUN python -m venv /opt/netweave
ENV PATH=/opt/netweave/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src

# First what changes seldom, so that a change of the code does not download everything again.
COPY requirements/build.txt requirements/run.txt requirements/embedded.txt requirements/
RUN pip install --require-hashes -r requirements/build.txt && pip install --require-hashes -r "requirements/$REQUIREMENTS.txt"

COPY pyproject.toml setup.py MANIFEST.in README.md ./
COPY schemas schemas
COPY migrations migrations
COPY examples examples
COPY clients clients
COPY api_server api_server
RUN pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /dist . && pip install --no-deps --no-index /dist/*.whl

FROM python:3.13-slim

RUN useradd --system --uid 10001 --create-home netweave
COPY --from=build /opt/netweave /opt/netweave
ENV PATH=/opt/netweave/bin:$PATH PYTHONUNBUFFERED=1
USER 10001
WORKDIR /home/netweave
EXPOSE 8082
ENTRYPOINT ["netweave"]
CMD ["serve"]
