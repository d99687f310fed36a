"""Where events are kept: chDB in this process by default, a ClickHouse server at scale, one client."""

from readership.warehouse.client import Warehouse
from readership.warehouse.migrate import migrate
from readership.warehouse.sql import read_sql

__all__ = ["Warehouse", "migrate", "read_sql"]
