# One recipe for every service: docker build -f deploy/service.Dockerfile --build-arg SERVICE=journal .
# SERVICE=simulator gives the simulator, SERVICE=operations the operators' commands.
ARG PYTHON=3.11-slim-bookworm
FROM python:${PYTHON} AS build
ARG SERVICE
WORKDIR /src
RUN python -m venv /opt/torg
# the pinned packages first: this layer changes only with them
COPY requirements/${SERVICE}.txt requirements.txt
RUN /opt/torg/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
COPY shared shared
COPY services services
COPY simulator simulator
COPY operations operations
RUN set -eu; \
    case "$SERVICE" in simulator|operations) own="./$SERVICE" ;; *) own="./services/$SERVICE" ;; esac; \
    /opt/torg/bin/pip install --no-cache-dir --no-deps --no-build-isolation ./shared "$own"

FROM python:${PYTHON}
ARG SERVICE
ENV SERVICE=${SERVICE} PATH=/opt/torg/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 TORG_HTTP_HOST=0.0.0.0
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin torg && install -d -o 10001 /run/torg
COPY --from=build /opt/torg /opt/torg
COPY config /app/config
WORKDIR /app
USER 10001
# shell form on purpose: SERVICE is known to the image, the command (serve, api, worker, migrate) to whoever runs it
ENTRYPOINT ["sh", "-c", "exec python -m torg_$SERVICE \"$@\"", "torg"]
CMD ["serve"]
