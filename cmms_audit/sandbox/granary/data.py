"""The plant behind granary: a database made afresh for each vendor, the same for the same seed."""

from __future__ import annotations

import hashlib
import random
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any

from cmms_audit.sandbox.granary import attachments, catalogue, monitoring, sender, store, webhooks
from cmms_audit.sandbox.granary.business import JOB_CLASSES
from cmms_audit.sandbox.granary.fields import Json
from cmms_audit.sandbox.granary.maintenance import ASSET_CLASSES, FINISHED, GENERIC_CUSTOM_FIELDS, PRIORITIES, STATUSES
from cmms_audit.sandbox.granary.resource import Resource
from cmms_audit.sandbox.granary.times import stamp
from cmms_audit.sandbox.switch import Broken

WORK_ORDERS = 2_400
FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC).timestamp()
LAST_DAY = datetime(2025, 12, 31, tzinfo=UTC).timestamp()
HOUR = 3_600.0

_SITES = (
    ("Brno plant", "BRN", "Europe/Prague"),
    ("Leeds campus", "LDS", "Europe/London"),
    ("Porto works", "OPO", "Europe/Lisbon"),
    ("Graz laboratory", "GRZ", "Europe/Vienna"),
)
_SYSTEMS = ("Heating", "Cooling", "Power", "Transport")
_TASKS = (
    "Replace bearing",
    "Lubricate",
    "Inspect belt",
    "Check pressure",
    "Replace filter",
    "Calibrate sensor",
    "Tighten bolts",
    "Clean coil",
    "Test alarm",
    "Repair leak",
)
_FIRST_NAMES = ("Jana", "Tom", "Rita", "Ivo", "Maud", "Emil", "Sara", "Otto", "Nell", "Hugo")
_LAST_NAMES = ("Dvorak", "Hale", "Costa", "Huber")
_SUPPLIERS = ("Ostrava Pumps", "Leeds Electric", "Porto Belts", "Graz Controls")
_NUMBER_PREFIXES = dict(zip(ASSET_CLASSES, ("PMP", "HVC", "BLR", "CNV", "ELC", "ELV", "SNS"), strict=True))


def new_database(broken: Broken, seed: int) -> sqlite3.Connection:
    """An in-memory database with every table, filled with the plant of that seed."""
    database = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    database.deserialize(_plant(broken & {GENERIC_CUSTOM_FIELDS}, seed))
    monitoring.create_views(database, broken)
    return database


@lru_cache(maxsize=4)
def _plant(broken: Broken, seed: int) -> bytes:
    """The whole database as SQLite writes it to a file: made once, used by every vendor of this process."""
    resources = [each for each in catalogue.resources(broken).values() if each.name not in monitoring.VIEWS]
    plant = _Plant({each.name: each for each in resources}, random.Random(seed))  # noqa: S311 - made-up data
    for resource in resources:
        plant.make(resource)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        database.execute("BEGIN")
        for resource in resources:
            store.create_table(database, resource)
            store.insert(database, resource, plant.made[resource.name])
        store.create_table(database, monitoring.CALLS)
        attachments.create_tables(database)
        webhooks.create_tables(database)
        database.executemany("INSERT INTO files VALUES (?, ?)", plant.files.items())
        store.start_numbers(database, [*resources, monitoring.CALLS])
        database.execute("COMMIT")
        return database.serialize()


@dataclass
class _Plant:
    """Makes the records of each table in the order in which they refer to one another."""

    resources: Mapping[str, Resource]
    dice: random.Random
    made: dict[str, list[Json]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    def make(self, resource: Resource) -> None:
        """Make the records of a table, complete with id and the moments of their making and last change."""
        makers: dict[str, Any] = {
            "sites": self._sites,
            "locations": self._locations,
            "users": self._users,
            "assets": self._assets,
            "work_orders": self._work_orders,
            "purchase_orders": self._purchase_orders,
            "labor": self._labor,
            "meters": self._meters,
            "meter_readings": self._readings,
            "inventory": self._inventory,
            "requests": self._requests,
            "transitions": self._transitions,
            "attachments": self._attachments,
            "webhooks": self._subscriptions,
            "webhook_deliveries": self._deliveries,
            "custom_field_definitions": self._definitions,
        }
        blank = {each.name: each.default for each in resource.fields}
        found = self.made.setdefault(resource.name, [])
        for number, values in enumerate(makers[resource.name](), 1):
            created = values.pop("created", FIRST_DAY)
            updated = values.pop("updated", created)
            given = {
                "id": resource.id_of(number),
                "created_at": stamp(created),
                "updated_at": stamp(updated),
                "version": 1,
            }
            found.append(blank | {name: value for name, value in given.items() if name in blank} | values)

    def _sites(self) -> Iterator[Json]:
        for name, code, zone in _SITES:
            yield {"name": name, "code": code, "time_zone": zone}

    def _locations(self) -> Iterator[Json]:
        number = 0
        for site_number, site in enumerate(self.made["sites"], 1):
            for building in range(1, 4):
                number += 1
                parent = f"L-{number:04d}"
                codes = {
                    "account_code": f"6100-{200 + building * 10}",
                    "cost_center": f"CC-{site_number:02d}{building:02d}",
                }
                shared = {"site_id": site["id"], **codes}
                yield {"name": f"Building {'ABC'[building - 1]}", "kind": "building", "parent_id": None, **shared}
                for system in _SYSTEMS:
                    number += 1
                    yield {"name": f"{system} {'ABC'[building - 1]}", "kind": "system", "parent_id": parent, **shared}

    def _users(self) -> Iterator[Json]:
        for number in range(40):
            first, last = _FIRST_NAMES[number % 10], _LAST_NAMES[number // 10]
            yield {
                "name": f"{first} {last}",
                "email": f"{first}.{last}@granary.example".lower(),
                "job_class": JOB_CLASSES[number % len(JOB_CLASSES)],
                "site_id": self.made["sites"][number % 4]["id"],
                "active": number % 9 != 8,
            }

    def _assets(self) -> Iterator[Json]:
        number = 0
        for system in [each for each in self.made["locations"] if each["kind"] == "system"]:
            for position in range(5):
                number += 1
                parent = f"A-{number:06d}"
                yield self._asset(number, system, None)
                for _ in range(2 if position % 3 == 0 else 0):
                    number += 1
                    yield self._asset(number, system, parent)

    def _asset(self, number: int, system: Json, parent: str | None) -> Json:
        id_ = f"A-{number:06d}"
        kind = ASSET_CLASSES[number % len(ASSET_CLASSES)]
        return {
            "number": f"{_NUMBER_PREFIXES[kind]}-{number:05d}",
            "name": f"{kind.capitalize()} {number}" + (" drive" if parent else ""),
            "asset_class": kind,
            "level": "component" if parent else "asset",
            "parent_id": parent,
            "location_id": system["id"],
            "hierarchy": {
                "site_id": system["site_id"],
                "building_id": system["parent_id"],
                "system_id": system["id"],
                "asset_id": parent or id_,
                "component_id": id_ if parent else None,
            },
            "status": self.dice.choices(("operational", "down", "retired"), (90, 7, 3))[0],
            "condition": self.dice.randint(35, 100),
            "serial_number": f"SN-{self.dice.randint(100000, 999999)}",
            "installed_on": f"{self.dice.randint(2005, 2023)}-0{self.dice.randint(1, 9)}-15",
            "custom_fields": self._custom_values("assets", (self.dice.randint(1, 5), self.dice.choice(_SUPPLIERS))),
            **{name: system[name] for name in ("site_id", "account_code", "cost_center")},
        }

    def _custom_values(self, resource: str, values: tuple[Any, ...]) -> Json:
        members = self.resources[resource].field("custom_fields").members
        return {member.name: value for member, value in zip(members, values, strict=True)}

    def _moments(self, amount: int) -> list[float]:
        """So many moments over the two years, in order, no two the same."""
        spread = self.dice.sample(range(int((LAST_DAY - FIRST_DAY) * 1000)), amount)
        return [FIRST_DAY + milliseconds / 1000 for milliseconds in sorted(spread)]

    def _work_orders(self) -> Iterator[Json]:
        for created in self._moments(WORK_ORDERS):
            asset = self.dice.choice(self.made["assets"])
            status = self.dice.choices(STATUSES, (12, 8, 8, 5, 12, 50, 5))[0]
            updated = min(created + self.dice.random() * 30 * 24 * HOUR, LAST_DAY)
            task = self.dice.choice(_TASKS)
            yield {
                "created": created,
                "updated": updated,
                "title": f"{task}: {asset['name']}",
                "description": f"{task} on {asset['number']}.",
                "status": status,
                "priority": self.dice.choices(PRIORITIES, (5, 20, 45, 20, 10))[0],
                "type": self.dice.choice(("corrective", "preventive", "inspection", "safety")),
                "asset_id": asset["id"],
                "assigned_to": None if status == "open" else self.dice.choice(self.made["users"])["id"],
                "estimated_hours": self.dice.randint(1, 16) / 2,
                "material_cost": self.dice.randint(0, 40_000) / 100,
                "reported_at": stamp(created - self.dice.random() * 8 * HOUR),
                "due_at": stamp(created + self.dice.randint(1, 28) * 24 * HOUR),
                "completed_at": stamp(updated) if status in FINISHED else None,
                "custom_fields": self._custom_values(
                    "work_orders",
                    (self.dice.random() < 0.2, f"APP-{self.dice.randint(100, 999)}", self.dice.randint(0, 240)),
                ),
                **{
                    name: asset[name] for name in ("location_id", "site_id", "hierarchy", "account_code", "cost_center")
                },
            }

    def _purchase_orders(self) -> Iterator[Json]:
        for order in sorted(self.dice.sample(self.made["work_orders"], 300), key=lambda each: str(each["id"])):
            yield {
                "created": _epoch(order),
                "work_order_id": order["id"],
                "supplier": self.dice.choice(_SUPPLIERS),
                "status": self.dice.choice(("draft", "approved", "ordered", "received", "cancelled")),
                "total_amount": self.dice.randint(1_000, 250_000) / 100,
                "expected_on": order["due_at"][:10],
                **{name: order[name] for name in ("site_id", "account_code", "cost_center")},
            }

    def _labor(self) -> Iterator[Json]:
        finished = [order for order in self.made["work_orders"] if order["status"] in FINISHED]
        for order in finished:
            hours, rate = self.dice.randint(1, 16) / 2, float(self.dice.randint(30, 60))
            user = self.dice.choice(self.made["users"])
            order["labor_cost"] = round(hours * rate, 2)
            yield {
                "created": _epoch(order),
                "work_order_id": order["id"],
                "user_id": user["id"],
                "job_class": user["job_class"],
                "hours": hours,
                "hourly_rate": rate,
                "cost": order["labor_cost"],
                "worked_on": order["completed_at"][:10],
                **{name: order[name] for name in ("site_id", "account_code", "cost_center")},
            }

    def _meters(self) -> Iterator[Json]:
        units = (("Running hours", "h"), ("Temperature", "degC"), ("Energy", "kWh"), ("Vibration", "mm/s"))
        for number, asset in enumerate(self.made["assets"][:120]):
            name, unit = units[number % 4]
            yield {"name": name, "unit": unit, "asset_id": asset["id"], "site_id": asset["site_id"]}

    def _readings(self) -> Iterator[Json]:
        for meter in self.made["meters"]:
            for created in self._moments(10):
                meter["last_value"], meter["last_read_at"] = self.dice.randint(100, 90_000) / 10, stamp(created)
                yield {
                    "created": created,
                    "meter_id": meter["id"],
                    "value": meter["last_value"],
                    "read_at": stamp(created),
                }

    def _inventory(self) -> Iterator[Json]:
        for number in range(200):
            yield {
                "part_number": f"PRT-{number // 4:04d}",
                "name": f"Spare part {number // 4}",
                "site_id": self.made["sites"][number % 4]["id"],
                "quantity_on_hand": self.dice.randint(0, 60),
                "reorder_point": self.dice.randint(1, 10),
                "unit_cost": self.dice.randint(50, 20_000) / 100,
            }

    def _requests(self) -> Iterator[Json]:
        for order in self.made["work_orders"][:250]:
            yield {
                "created": _epoch(order),
                "title": f"Please look at it: {order['title']}",
                "description": "Reported by an operator.",
                "asset_id": order["asset_id"],
                "site_id": order["site_id"],
                "priority": order["priority"],
                "status": "converted",
                "work_order_id": order["id"],
            }

    def _transitions(self) -> Iterator[Json]:
        path = ("open", "assigned", "in_progress", "completed", "closed")
        for order in [each for each in self.made["work_orders"] if each["status"] == "closed"][:100]:
            for step, (before, after) in enumerate(pairwise(path)):
                yield {
                    "created": _epoch(order) + step * 60,
                    "work_order_id": order["id"],
                    "from_status": before,
                    "to_status": after,
                    "changed_by": "Console",
                }

    def _attachments(self) -> Iterator[Json]:
        for number, order in enumerate(self.made["work_orders"][:20], 1):
            content = f"Report on {order['title']}\n".encode()
            self.files[f"AT-{number:06d}"] = content
            yield {
                "created": _epoch(order),
                "work_order_id": order["id"],
                "file_name": f"report-{number}.txt",
                "media_type": "text/plain",
                "size": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
            }

    def _subscriptions(self) -> Iterator[Json]:
        filters = {"priorities": [1], "asset_classes": [], "site_ids": ["S-01"]}
        yield {
            "url": "https://erp.granary.example/hooks",
            "events": ["work_order.created"],
            "filters": filters,
            "active": True,
        }

    def _deliveries(self) -> Iterator[Json]:
        orders = [each for each in self.made["work_orders"] if each["priority"] == 1][:20]
        for number, order in enumerate(orders, 1):
            failed = number % 10 == 0
            data = {name: order[name] for name in ("asset_id", "site_id", "priority", "status")}
            yield {
                "created": _epoch(order),
                "subscription_id": "WH-0001",
                "event_id": f"evt-{number:06d}",
                "status": "failed" if failed else "delivered",
                "attempts": (1 + sender.RETRIES) if failed else 1,
                "response_status": 503 if failed else 204,
                "payload": {
                    "type": "work_order.created",
                    "timestamp": order["created_at"],
                    "data": {"work_order_id": order["id"], **data},
                },
            }

    def _definitions(self) -> Iterator[Json]:
        for name in ("work_orders", "assets"):
            for member in self.resources[name].field("custom_fields").members:
                label = member.name.replace("_", " ").capitalize()
                yield {
                    "key": member.name,
                    "label": label,
                    "type": member.type,
                    "applies_to": name,
                    "description": member.description,
                }


def _epoch(record: Json) -> float:
    return datetime.fromisoformat(record["created_at"]).timestamp()
