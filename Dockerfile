# The register for production: no compiler, no embedded servers, not root.
FROM python:3.12-slim AS base
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 DJANGO_SETTINGS_MODULE=settings.production
WORKDIR /srv/seloste

FROM base AS packages
COPY requirements.lock ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/python -m pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.lock

FROM base
COPY --from=packages /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH SELOSTE_STATE_DIR=/var/lib/seloste
COPY . .
# Compiled translations and static files belong to the image; keys come at run time.
RUN useradd --system --home-dir /var/lib/seloste seloste \
    && install -d -o seloste -g seloste /var/lib/seloste \
    && python -m settings.messages compile \
    && SECRET_KEY=only-while-the-image-is-built AUDIT_KEY=only-while-the-image-is-built \
       ADDRESS_HASH_KEYS=build:only-while-the-image-is-built \
       python manage.py collectstatic --noinput --verbosity 0
USER seloste
VOLUME /var/lib/seloste
EXPOSE 8000
CMD ["gunicorn", "settings.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "4", "--logger-class", "settings.web_log.WebLog"]
