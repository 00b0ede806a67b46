# One image for web, push, workers, beat and migrate; see compose.yaml and docs/operations.md.
FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin helpdesk \
    && install -d -o helpdesk -g helpdesk -m 0750 /data /data/media

WORKDIR /app

# The packages alone first: they change seldom, and this layer is the large one. All are wheels, no compiler is needed.
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.txt

COPY . .
# Demo mode for this step only: it needs no key and asks no server.
RUN python -m compileall -q /app \
    && python -m helpdesk.launcher.catalogues \
    && DEMO=1 python manage.py collectstatic --noinput

ENV HOST=0.0.0.0 \
    PORT=8000 \
    PUSH_PORT=8001 \
    MEDIA_ROOT=/data/media

USER helpdesk
VOLUME /data
EXPOSE 8000 8001

# compose.yaml asks each process in its own way; this is for web, the process that the image starts by itself.
HEALTHCHECK --interval=15s --timeout=10s --start-period=60s --retries=4 \
    CMD ["python", "-m", "helpdesk.launcher", "healthy", "web"]
CMD ["python", "-m", "helpdesk.launcher", "run", "web"]
