"""A Redis cache that answers «nothing here» while Redis is down, so that customers can still submit."""

import logging

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)


class ForgivingRedisCache(RedisCache):
    """Reads miss and writes are dropped on a connection error; the database remains the truth."""

    def _forgive(self, operation, fallback, *args, **kwargs):
        try:
            return operation(*args, **kwargs)
        except (RedisError, OSError) as error:
            logger.warning("cache unavailable: %s", error)
            return fallback

    def get(self, key, default=None, version=None):
        return self._forgive(super().get, default, key, default=default, version=version)

    def set(self, key, value, *args, **kwargs):
        return self._forgive(super().set, None, key, value, *args, **kwargs)

    def add(self, key, value, *args, **kwargs):
        return self._forgive(super().add, True, key, value, *args, **kwargs)

    def delete(self, key, version=None):
        return self._forgive(super().delete, False, key, version=version)

    def get_many(self, keys, version=None):
        return self._forgive(super().get_many, {}, keys, version=version)

    def incr(self, key, delta=1, version=None):
        return self._forgive(super().incr, delta, key, delta=delta, version=version)
