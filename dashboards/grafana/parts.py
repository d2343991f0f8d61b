"""What every board is put together from: queries, panels with unit, description and no-data text, variables, links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import prometheus, stat, table, timeseries
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    GridPos,
    Threshold,
    ThresholdsMode,
    VariableOption,
    VariableRefresh,
    VariableSort,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.grafana.palette import NEUTRAL, NO_DATA
from dashboards.settings import BoardSettings

SOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
COLUMNS = 24
COLUMN_WIDTH_MIN = 70  # pixels
WINDOWS = ("15m", "1h", "24h", "7d")
Panel = TypeVar("Panel", stat.Panel, table.Panel, timeseries.Panel)
AnyPanel = stat.Panel | table.Panel | timeseries.Panel


@dataclass(frozen=True, slots=True)
class Look:
    """What a panel says about itself: every panel has all of it."""

    title: str
    description: str
    unit: str = "none"
    decimals: int = 0
    no_value: str = NO_DATA


def now(expr: str, legend: str = "") -> prometheus.Dataquery:
    """One value a series, as of now."""
    return prometheus.Dataquery().datasource(SOURCE).expr(expr).legend_format(legend).instant()


def rows(expr: str) -> prometheus.Dataquery:
    """One row a series, as of now; labels become columns."""
    return now(expr, "__auto").format(PromQueryFormat.TABLE)


def course(expr: str, legend: str) -> prometheus.Dataquery:
    """Values over the board's time."""
    return prometheus.Dataquery().datasource(SOURCE).expr(expr).legend_format(legend).range()


def steps(*limits: tuple[float | None, str]) -> builders.ThresholdsConfig:
    """Colours from a value on; the first has None."""
    found = [Threshold(value=value, color=color) for value, color in limits]
    return builders.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(found)


def grey() -> builders.ThresholdsConfig:
    """No colour: what could be chance has none."""
    return steps((None, NEUTRAL))


def number(look: Look, *targets: prometheus.Dataquery) -> stat.Panel:
    """Big numbers, the newest value of each series, without a background."""
    panel = _dressed(stat.Panel(), look, targets)
    reduce = common_builders.ReduceDataOptions().calcs(["lastNotNull"]).values(False)
    panel.reduce_options(reduce).graph_mode(common.BigValueGraphMode.NONE).thresholds(grey())
    return panel.text_mode(common.BigValueTextMode.AUTO).color_mode(common.BigValueColorMode.VALUE)


def cells(look: Look, *targets: prometheus.Dataquery) -> table.Panel:
    """A table. Unit and no-data text are for numbers: the name "2047" would be formatted, too."""
    panel = _dressed(table.Panel(), look, targets)
    panel.override_by_field_type("string", [prop("unit", "string"), prop("noValue", "")])
    panel.min_width(COLUMN_WIDTH_MIN)  # Grafana's own is so wide that the last columns are out of sight
    return panel.thresholds(grey()).align(common.FieldTextAlignment.AUTO).filterable(False)


def lines(look: Look, *targets: prometheus.Dataquery) -> timeseries.Panel:
    """Lines over time, gaps left open: quiet is no data, not zero."""
    panel = _dressed(timeseries.Panel(), look, targets)
    legend = common_builders.VizLegendOptions().show_legend(True).placement(common.LegendPlacement.BOTTOM)
    legend.display_mode(common.LegendDisplayMode.LIST)
    panel.legend(legend).line_width(2).fill_opacity(0).show_points(common.VisibilityMode.NEVER)
    return panel.color_scheme(builders.FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME))


def _dressed(panel: Panel, look: Look, targets: Sequence[prometheus.Dataquery]) -> Panel:
    panel.title(look.title).description(look.description).datasource(SOURCE)
    panel.unit(look.unit).decimals(look.decimals).no_value(look.no_value)
    for at, target in enumerate(targets):
        panel.with_target(target.ref_id("ABCDEFGH"[at]))
    return panel


def colored_cells() -> DynamicConfigValue:
    """Cells whose ground has the colour of their value."""
    return DynamicConfigValue(id_val="custom.cellOptions", value={"type": "color-background", "mode": "basic"})


def prop(name: str, value: object) -> DynamicConfigValue:
    """One property of an override."""
    return DynamicConfigValue(id_val=name, value=value)


def matrix(panel: table.Panel) -> table.Panel:
    """Channels down, stages across. Empty where the product has no such place."""
    grouping = {"columnField": "stage", "rowField": "channel", "valueField": "Value", "emptyValue": "null"}
    panel.with_transformation(DataTransformerConfig(id_val="groupingToMatrix", options=grouping))
    names = {"renameByName": {"channel\\stage": "channel"}, "excludeByName": {}, "indexByName": {}}
    return panel.with_transformation(DataTransformerConfig(id_val="organize", options=names))


def joined(panel: table.Panel, by: str, columns: Mapping[str, str]) -> table.Panel:
    """Several queries side by side, a row for each value of a label; `columns` names them ("Value #A": "score")."""
    panel.with_transformation(DataTransformerConfig(id_val="joinByField", options={"byField": by, "mode": "outer"}))
    hidden = dict.fromkeys(("Time", *(f"Time {at}" for at in range(1, 9))), True)
    options = {"excludeByName": hidden, "renameByName": dict(columns), "indexByName": {}}
    return panel.with_transformation(DataTransformerConfig(id_val="organize", options=options))


def arranged(panel: table.Panel, columns: Mapping[str, str], hidden: Sequence[str] = ()) -> table.Panel:
    """These columns of a table, in this order, under these names; without the time and the hidden ones."""
    options: dict[str, Any] = {
        "excludeByName": dict.fromkeys(("Time", *hidden), True),
        "renameByName": dict(columns),
        "indexByName": {name: at for at, name in enumerate(columns)},
        "includeByName": {},
    }
    return panel.with_transformation(DataTransformerConfig(id_val="organize", options=options))


def link(title: str, url: str) -> builders.DashboardLink:
    """A link that a click on a value offers."""
    return builders.DashboardLink(title).url(url).target_blank(True)


@dataclass(frozen=True, slots=True)
class Placed:
    """A panel and where it stands: column, row, width, height on a grid of 24 columns."""

    panel: AnyPanel
    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True, slots=True)
class Board:
    """What makes a board. `name` is the end of its uid; `variables` are offered in this order."""

    name: str
    title: str
    description: str
    panels: Sequence[Placed]
    variables: Sequence[object]
    refresh: str = "30s"
    past: str = "now-24h"


def assemble(board: Board, settings: BoardSettings) -> builders.Dashboard:
    """Number the panels, add the data source, the links and the incidents as annotations."""
    built = builders.Dashboard(board.title).uid(f"cxwatch-{board.name}").description(board.description)
    built.tags(["cxwatch"]).readonly().refresh(board.refresh).time(board.past, "now").timezone("browser")
    built.tooltip(1)  # type: ignore[arg-type]  # one crosshair over all panels
    built.with_variable(_source_variable(settings))
    for variable in board.variables:
        built.with_variable(variable)  # type: ignore[arg-type]  # builders of several kinds
    for at, placed in enumerate(board.panels, start=1):
        placed.panel.id(at).grid_pos(GridPos(x=placed.x, y=placed.y, w=placed.w, h=placed.h))
        built.with_panel(placed.panel)
    built.annotation(_incidents())
    return built.links(_links(settings, board))


def _source_variable(settings: BoardSettings) -> builders.DatasourceVariable:
    uid = settings.grafana.datasource
    return builders.DatasourceVariable("datasource").label("Data source").type("prometheus").current(_option(uid))


def _incidents() -> builders.AnnotationQuery:
    query = builders.AnnotationQuery().name("Incidents").datasource(SOURCE).enable(True).icon_color("#FF8A3D")
    query.expr("max by (incident, channel, stage, severity) (cx_open_incident_seconds)").step("60s")
    return (
        query.title_format("▼ #{{incident}} {{channel}} · {{stage}}").text_format("{{severity}}").tag_keys("severity")
    )


def _links(settings: BoardSettings, board: Board) -> list[Any]:
    pages = (("Incidents", "/incidents"), ("Queue: whom to call", "/queue"), ("Overview", "/"))
    found = [
        builders.DashboardLink(title).type(DashboardLinkType.LINK).url(settings.public_url + path).target_blank(True)
        for title, path in pages
    ]
    others = builders.DashboardLink("Other boards").type(DashboardLinkType.DASHBOARDS).tags(["cxwatch"])
    found.append(others.as_dropdown(True).include_vars(True).keep_time(True))
    if board.name == "wall":
        found.append(builders.DashboardLink("Kiosk").type(DashboardLinkType.LINK).url("/d/cxwatch-wall?kiosk"))
    return found


def _option(value: str, text: str | None = None) -> VariableOption:
    return VariableOption(selected=True, text=text or value, value=value)


def label_variable(name: str, label: str, metric: str, *, every: bool, first: str = "") -> builders.QueryVariable:
    """Values of a label that Prometheus knows, read anew when the time changes."""
    variable = builders.QueryVariable(name).label(label).datasource(SOURCE)
    variable.query(f"label_values({metric}, {name})").refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
    variable.sort(VariableSort.ALPHABETICAL_ASC)
    if every:
        everything = VariableOption(selected=True, text=["All"], value=["$__all"])
        return variable.multi(True).include_all(True).all_value(".+").current(everything)
    return variable.current(_option(first))


def choice_variable(name: str, label: str, choices: Sequence[str], chosen: str) -> builders.CustomVariable:
    """One of a few words."""
    options = [VariableOption(selected=value == chosen, text=value, value=value) for value in choices]
    return (
        builders.CustomVariable(name).label(label).values(",".join(choices)).options(options).current(_option(chosen))
    )


def usual_variables(settings: BoardSettings, *, one_channel: bool = False) -> list[object]:
    """Channel, stage, window, metric and survey kind."""
    channel = label_variable(
        "channel", "Channel", "cx_survey_responses_total", every=not one_channel, first=settings.channels[0]
    )
    return [
        channel,
        label_variable("stage", "Stage", "cx_survey_responses_total", every=True),
        choice_variable("window", "Window", WINDOWS, "24h"),
        label_variable("metric", "Score", "cx_window_responses", every=False, first=settings.kpi),
        choice_variable("survey_kind", "Asked", ("hot", "cold"), "hot"),
    ]


def selected(*, place: bool = True, window: bool = True) -> str:
    """The matchers of the variables."""
    matchers = ['metric="$metric"', 'survey_kind="$survey_kind"']
    if window:
        matchers.append('window="$window"')
    if place:
        matchers += ['channel=~"$channel"', 'stage=~"$stage"']
    return "{" + ", ".join(matchers) + "}"
