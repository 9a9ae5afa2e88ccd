"""How long a spec file takes from text to values, against PyYAML's own loader and tomllib.

Run it with `python benchmarks/parsing.py`. The variants take turns, and the best of many rounds counts: on a shared
machine the ratios are to be trusted, not the times.
"""

from __future__ import annotations

import time
import tomllib
from typing import TYPE_CHECKING, Any

import yaml

from jobspec.spec.toml_text import locate_toml, parse_toml
from jobspec.spec.yaml_text import locate_yaml, parse_yaml

if TYPE_CHECKING:
    from collections.abc import Callable

YAML_SPEC = """\
# yaml-language-server: $schema=../schemas/job.schema.json
name: orders-sync-{n}
description: Pull new orders from the shop
owner: team-orders
tags: [orders, hourly]
queue: sync-orders
workflow: shop.workflows:SyncOrders
activities: [shop.activities:fetch_orders]
input:
  region: eu
  batch_size: 500
  dry_run: false
input_model: shop.models:OrdersInput
run:
  execution_timeout: 2h
  run_timeout: 1h
  retry_policy:
    initial_interval: 1s
    backoff_coefficient: 2.0
    maximum_attempts: 3
    non_retryable_error_types: [BadOrder]
schedule:
  cron: "0 9 * * MON-FRI"
  timezone: Europe/Berlin
  jitter: 30s
  overlap: skip
  catchup_window: 1h
"""

TOML_SPEC = """\
name = "orders-sync-{n}"
description = "Pull new orders from the shop"
owner = "team-orders"
tags = ["orders", "hourly"]
queue = "sync-orders"
workflow = "shop.workflows:SyncOrders"
activities = ["shop.activities:fetch_orders"]
input_model = "shop.models:OrdersInput"

[input]
region = "eu"
batch_size = 500
dry_run = false

[run]
execution_timeout = "2h"
run_timeout = "1h"

[run.retry_policy]
initial_interval = "1s"
backoff_coefficient = 2.0
maximum_attempts = 3
non_retryable_error_types = ["BadOrder"]

[schedule]
cron = "0 9 * * MON-FRI"
timezone = "Europe/Berlin"
jitter = "30s"
overlap = "skip"
catchup_window = "1h"
"""

VARIANTS: dict[str, tuple[Callable[[str], Any], str]] = {
    "yaml: PyYAML CSafeLoader": (lambda text: yaml.load(text, yaml.CSafeLoader), YAML_SPEC),
    "yaml: parse_yaml": (parse_yaml, YAML_SPEC),
    "yaml: locate_yaml": (locate_yaml, YAML_SPEC),
    "toml: tomllib": (tomllib.loads, TOML_SPEC),
    "toml: parse_toml": (parse_toml, TOML_SPEC),
    "toml: locate_toml": (locate_toml, TOML_SPEC),
}


def main(rounds: int = 15, documents: int = 200) -> None:
    best = dict.fromkeys(VARIANTS, float("inf"))
    for _ in range(rounds):
        for name, (parse, spec) in VARIANTS.items():
            texts = [spec.replace("{n}", str(n)) for n in range(documents)]
            start = time.process_time()
            for text in texts:
                parse(text)
            best[name] = min(best[name], (time.process_time() - start) / documents)
    for name, seconds in best.items():
        first = "yaml: PyYAML CSafeLoader" if name.startswith("yaml") else "toml: tomllib"
        print(f"{name:28} {seconds * 1e6:8.1f} µs/document {seconds / best[first]:6.2f} x")


if __name__ == "__main__":
    main()
