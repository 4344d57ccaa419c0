"""Runners: their hosts, slots, devices and trials, when they were heard of; drain, stop."""

import time
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from schema.messages import Steer
from webui.components.empty_state import empty_state
from webui.page_context import PageContext
from webui.runners.listing import Row, listed

EVERY_SECONDS = 1.0
DONE = {
    Steer.RUN: "takes trials again.",
    Steer.DRAIN: "finishes its trials and takes no more.",
    Steer.STOP: "gives its trials back and ends.",
}


def page(context: PageContext) -> None:
    """Build the page."""
    service = context.service
    shown: list[Row] | None = None
    with ui.element("div").classes("tmq-page"):
        empty = empty_state(
            "dns",
            "No runner is there.",
            "Start one on each host that trains. It offers what it is allowed to run, and keeps "
            "what its trials report until it is stored here.",
            "trialmq runner --broker URL --allow train.py:train",
        )
        with ui.element("div").classes("tmq-panel tmq-live") as panel:
            table = ui.table(columns=COLUMNS, rows=[], row_key="name").classes("w-full tmq-stack")
            table.props('dense flat hide-pagination :pagination="{rowsPerPage: 0}"')
            for column, template in CELLS.items():
                table.add_slot(f"body-cell-{column}", template)

    def refresh() -> None:
        nonlocal shown
        rows = listed(service.runners, time.time())
        empty.set_visibility(not rows)
        panel.set_visibility(bool(rows))
        if rows != shown and (service.connected or shown is None):
            shown = rows
            table.rows = rows

    async def steer(event: GenericEventArguments) -> None:
        name, what = event.args["name"], Steer(event.args["steer"])
        if what is Steer.STOP and not await _is_sure(name):
            return
        if await context.done(context.client.steer(name, what)):
            context.notify(f"{name} {DONE[what]}")

    table.on("steer", steer)
    ui.timer(EVERY_SECONDS, refresh)
    refresh()


async def _is_sure(name: str) -> bool:
    with ui.dialog() as dialog, ui.card():
        ui.label(f"Stop runner {name}?").classes("tmq-title")
        ui.label("Its trials wait for another runner, and its process ends.").classes("tmq-dim")
        with ui.row().classes("justify-end w-full"):
            ui.button("Cancel", on_click=lambda: dialog.submit(False)).props("flat")
            stop = ui.button("Stop the runner", on_click=lambda: dialog.submit(True))
            stop.props("flat").classes("tmq-danger").mark("stop runner")
    sure = await dialog
    dialog.delete()
    return bool(sure)


def _column(name: str, label: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "label": label, "field": name, "align": "left", **more}


COLUMNS = [
    _column("name", "Runner", sortable=True),
    _column("presence", "State", sortable=True),
    _column("slots", "Slots in use"),
    _column("devices", "Devices"),
    _column("trials", "Trials"),
    _column("heartbeat", "Heartbeat"),
    _column("actions", "", align="right"),
]
CELLS = {
    "name": """<q-td :props="props"><div class="tmq-strong">{{ props.row.name }}</div>
        <div class="tmq-dim tmq-small">{{ props.row.host }} · {{ props.row.version }}</div>
        <div class="tmq-dim tmq-small tmq-clip" style="max-width: 240px"
             v-for="offer in props.row.offers" :title="offer">{{ offer }}</div></q-td>""",
    "presence": """<q-td :props="props"><span :class="'tmq-badge ' + props.row.tone">
        {{ props.row.presence }}</span>
        <div v-if="props.row.wanted" class="tmq-small">{{ props.row.wanted }}</div>
        <div v-if="props.row.problem" class="tmq-small tmq-bad tmq-wrap">
        {{ props.row.problem }}</div></q-td>""",
    "devices": """<q-td :props="props"><span v-if="!props.row.devices.length" class="tmq-dim">
        n/a</span>
        <div v-for="device in props.row.devices" class="tmq-device" :title="device.uuid">
        <span class="tmq-clip">{{ device.name }}</span>
        <span class="tmq-gauge">{{ device.busy }}<span v-if="device.busy_share !== null"
          class="tmq-bar"><div :style="{width: device.busy_share + '%'}"></div></span></span>
        <span class="tmq-gauge">{{ device.memory }}<span v-if="device.memory_share !== null"
          class="tmq-bar"><div :style="{width: device.memory_share + '%'}"></div></span></span>
        <span>{{ device.celsius }}</span></div></q-td>""",
    "trials": """<q-td :props="props"><span v-if="!props.row.trials.length" class="tmq-dim">
        idle</span>
        <div v-for="trial in props.row.trials"><a class="nicegui-link" :href="trial.address">
        {{ trial.study }} #{{ trial.number }}</a> <span class="tmq-dim">{{ trial.how }}</span>
        </div></q-td>""",
    "heartbeat": """<q-td :props="props" class="tmq-dim">{{ props.row.heartbeat }}</q-td>""",
    "actions": """<q-td :props="props">
        <q-btn v-if="props.row.steer == 'run'" flat dense label="Drain"
          @click="$parent.$emit('steer', {name: props.row.name, steer: 'drain'})">
          <q-tooltip>Finish its trials, take no more</q-tooltip></q-btn>
        <q-btn v-else flat dense label="Resume"
          @click="$parent.$emit('steer', {name: props.row.name, steer: 'run'})">
          <q-tooltip>Take trials again</q-tooltip></q-btn>
        <q-btn v-if="props.row.steer != 'stop'" flat dense class="tmq-danger" label="Stop"
          @click="$parent.$emit('steer', {name: props.row.name, steer: 'stop'})">
          <q-tooltip>Give its trials back, and end</q-tooltip></q-btn></q-td>""",
}
