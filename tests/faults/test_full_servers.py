"""PostgreSQL and Valkey on a disk that runs full, and is emptied again."""

from __future__ import annotations

import psycopg
import pytest
import redis

from settings.embedded.places import Places
from tests.faults.full_disk import fill, small_disk
from tests.services.test_embedded import STOP, Bench, until

KEEP = (
    "import sys; sys.path.append(sys.argv[1]);"
    " from embedded.__main__ import main; main(['keep'])"
)


def write_until_it_fails(valkey: redis.Redis) -> None:
    for number in range(200):
        valkey.set(f"more {number}", "x" * 100_000)


def works(bench: Bench) -> bool:
    try:
        bench.sql("INSERT INTO kept VALUES (2)")
        bench.valkey().set("again", "yes")
    except (psycopg.OperationalError, redis.RedisError):
        return False
    return True


def test_servers_on_a_full_disk_keep_what_they_have_and_go_on_once_there_is_room():
    with small_disk(260) as disk:
        bench = Bench(Places(disk / "state"))
        keeper = bench.run(KEEP)
        try:
            bench.use()
            bench.sql("CREATE TABLE kept AS SELECT 1 AS value")
            bench.valkey().set("kept", "yes")
            filler = fill(disk)

            with pytest.raises(psycopg.OperationalError):
                bench.sql("INSERT INTO kept SELECT generate_series(10, 3000000)")
            valkey = bench.valkey()
            with pytest.raises(redis.RedisError):
                write_until_it_fails(valkey)
            filler.unlink()

            until(lambda: works(bench), 60)
            assert bench.sql("SELECT DISTINCT value FROM kept ORDER BY 1") == [
                (1,),
                (2,),
            ]
            assert bench.valkey().get("kept") == b"yes"
            assert keeper.poll() is None
        finally:
            bench.leave()
            bench.run(STOP).communicate()
            bench.leave()
