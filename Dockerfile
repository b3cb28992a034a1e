# The register for production: no compiler, no embedded servers, nobody is root in it.
#
#   docker build --tag seloste .
#   docker build --tag seloste-proxy --target proxy .
#
# Base images are pinned by version; a digest may be put behind each.
ARG PYTHON_IMAGE=python:3.12.12-slim-bookworm
ARG CADDY_IMAGE=caddy:2.11.4-alpine

# --- packages: what production needs, every file checked against its hash --------------
FROM ${PYTHON_IMAGE} AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements-production.lock /tmp/
RUN python3 -m venv /opt/venv \
    && /opt/venv/bin/python -m pip install --require-hashes --only-binary :all: -r /tmp/requirements-production.lock

# --- code: translations compiled, static files collected, bytecode written -------------
FROM packages AS code
WORKDIR /srv/seloste
COPY . .
# Babel compiles the translations and stays behind: its lines of the lock, nothing else.
RUN sed -n '/^babel==/,/[^\\]$/p' requirements.lock > /tmp/babel.lock \
    && /opt/venv/bin/python -m pip install --require-hashes --only-binary :all: --target /tmp/babel -r /tmp/babel.lock \
    && PYTHONPATH=/tmp/babel /opt/venv/bin/python -m settings.messages compile \
    && DJANGO_SETTINGS_MODULE=settings.production SECRETS_DIR=/nowhere SECRET_KEY=only-while-the-image-is-built \
       /opt/venv/bin/python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf tests benchmarks requirements.lock /tmp/* \
    && /opt/venv/bin/python -m pip uninstall --quiet --yes pip \
    && /opt/venv/bin/python -m compileall -q . \
    && chmod -R a+rX,go-w . && chmod a+x manage.py

# --- proxy: ends TLS; the image's own binary without its file capability, as it needs
# --- no port below 1024, and directories that its user may write ------------------------
FROM ${CADDY_IMAGE} AS proxy
RUN cp /usr/bin/caddy /usr/bin/caddy-plain && mv /usr/bin/caddy-plain /usr/bin/caddy \
    && mkdir -p /data /config && chown -R 10001:10001 /data /config
COPY docker/Caddyfile /etc/caddy/Caddyfile
USER 10001:10001
EXPOSE 8080 8443
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["wget", "--quiet", "--output-document=/dev/null", "http://127.0.0.1:2020/"]
CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]

# --- the register: web, worker, beat and commands ---------------------------------------
FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="Seloste" \
      org.opencontainers.image.description="A customer and marketing-communications register that keeps its own privacy notice" \
      org.opencontainers.image.documentation="docs/operations.md"
RUN groupadd --gid 10001 seloste \
    && useradd --no-log-init --uid 10001 --gid seloste --home-dir /var/lib/seloste --no-create-home --shell /usr/sbin/nologin seloste \
    && install -d -o seloste -g seloste -m 700 /var/lib/seloste /var/lib/seloste-anchor
COPY --from=code /opt/venv /opt/venv
COPY --from=code /srv/seloste /srv/seloste
ENV PATH=/opt/venv/bin:/srv/seloste:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=settings.production \
    SELOSTE_STATE_DIR=/var/lib/seloste \
    AUDIT_ANCHOR_FILE=/var/lib/seloste-anchor/audit-anchor.json
WORKDIR /srv/seloste
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python3", "docker/healthcheck.py", "web"]
CMD ["gunicorn", "settings.wsgi", "--config", "python:settings.web_server", "--bind", "0.0.0.0:8000"]
