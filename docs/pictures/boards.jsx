// Draws one board from window.BOARD (its JSON, and what Prometheus answered to each query) with Grafana's own packages.
// bench/pictures.py bundles and opens it. Grafana's panels of kind stat, table and timeseries are put together as the
// plugins do it; the plugins themselves are not published.
import React from 'react';
import 'uplot/dist/uPlot.min.css';
import { createRoot } from 'react-dom/client';
import { of, firstValueFrom } from 'rxjs';
import {
  createTheme, toDataFrame, applyFieldOverrides, transformDataFrame, standardTransformers,
  standardTransformersRegistry, standardFieldConfigEditorRegistry, FieldType, getFieldDisplayValues,
  FieldConfigOptionsRegistry, dateTime, VizOrientation, ThemeContext, LoadingState, cacheFieldDisplayNames,
} from '@grafana/data';
import { BigValue, Table, TimeSeries, PanelChrome, VizRepeater, GlobalStyles, PortalContainer } from '@grafana/ui';

const theme = createTheme({ colors: { mode: 'dark' } });
standardTransformersRegistry.setInit(() => [...new Map(Object.values(standardTransformers).map((t) => [t.id, t])).values()].map((t) => ({ id: t.id, name: t.name, transformation: t, editor: () => null })));
const plain = (id, path, custom) => ({ id, path: path ?? id, name: id, isCustom: !!custom, process: (v) => v, shouldApply: () => true, override: () => null, editor: () => null, getItemsCount: () => 0 });
const items = [
  'displayName', 'unit', 'decimals', 'noValue', 'mappings', 'thresholds', 'color', 'links', 'min', 'max', 'description',
].map((id) => plain(id));
const customs = ['cellOptions', 'width', 'minWidth', 'align', 'filterable', 'lineWidth', 'fillOpacity', 'lineStyle', 'showPoints', 'fillBelowTo', 'hideFrom', 'drawStyle', 'axisPlacement', 'stacking'].map((id) => plain(`custom.${id}`, id, true));
const registry = () => new FieldConfigOptionsRegistry(() => [...items, ...customs]);
standardFieldConfigEditorRegistry.setInit(() => items);

const CHOICES = window.CHOICES;
const fill = (text) => Object.keys(CHOICES).sort((a, b) => b.length - a.length).reduce((t, n) => t.replaceAll('${' + n + '}', CHOICES[n]).replaceAll('$' + n, CHOICES[n]), text ?? '');
const legend = (format, labels) => format === '__auto' || !format ? undefined : fill(format).replace(/\{\{\s*(\w+)\s*\}\}/g, (_, n) => labels[n] ?? '');

function frames(panel, results) {
  const found = [];
  panel.targets.forEach((target, at) => {
    const result = results[at].result;
    if (target.format === 'table') {
      const names = [...new Set(result.flatMap((r) => Object.keys(r.metric).filter((n) => n !== '__name__')))].sort();
      const value = panel.targets.length > 1 ? `Value #${target.refId}` : 'Value';
      found.push(toDataFrame({ refId: target.refId, fields: [
        { name: 'Time', type: FieldType.time, values: result.map((r) => r.value[0] * 1000) },
        ...names.map((n) => ({ name: n, type: FieldType.string, values: result.map((r) => r.metric[n] ?? '') })),
        { name: value, type: FieldType.number, values: result.map((r) => Number(r.value[1])) },
      ] }));
      return;
    }
    for (const r of result) {
      const points = r.values ?? [r.value];
      const { __name__, ...labels } = r.metric;
      found.push(toDataFrame({ refId: target.refId, fields: [
        { name: 'Time', type: FieldType.time, values: points.map((p) => p[0] * 1000) },
        { name: 'Value', type: FieldType.number, labels, values: points.map((p) => Number(p[1])), config: { displayNameFromDS: legend(target.legendFormat, labels) } },
      ] }));
    }
  });
  return found;
}

async function dressed(panel, results) {
  let data = frames(panel, results);
  if (panel.transformations?.length) {
    data = await firstValueFrom(transformDataFrame(panel.transformations, data, { interpolate: fill }));
  }
  cacheFieldDisplayNames(data);
  return applyFieldOverrides({ data, fieldConfig: panel.fieldConfig, replaceVariables: fill, theme, timeZone: 'browser', fieldConfigRegistry: registry() });
}

const NoData = ({ panel, width, height }) => <div style={{ width, height, display: 'flex', alignItems: 'center', justifyContent: 'center', color: theme.colors.text.secondary }}>{panel.fieldConfig.defaults.noValue ?? 'No data'}</div>;

function Body({ panel, data, width, height }) {
  const rows = data.reduce((n, f) => n + f.length, 0);
  if (!rows) return <NoData panel={panel} width={width} height={height} />;
  if (panel.type === 'stat') {
    const o = panel.options;
    const values = () => getFieldDisplayValues({ fieldConfig: panel.fieldConfig, reduceOptions: o.reduceOptions, replaceVariables: fill, theme, data, sparkline: false, timeZone: 'browser' });
    return <VizRepeater getValues={values} getAlignmentFactors={(v) => ({ title: v.reduce((a, x) => (x.display.title ?? '').length > a.length ? x.display.title ?? '' : a, ''), text: v.reduce((a, x) => x.display.text.length > a.length ? x.display.text : a, '') })}
      renderValue={({ value, alignmentFactors, width: w, height: h, count }) => <BigValue value={value.display} count={count} width={w} height={h} theme={theme} colorMode={o.colorMode} graphMode={o.graphMode} justifyMode={o.justifyMode ?? 'auto'} textMode={o.textMode ?? 'auto'} alignmentFactors={alignmentFactors} />}
      width={width} height={height} source={data} itemSpacing={3} autoGrid renderCounter={1} orientation={VizOrientation.Auto} />;
  }
  if (panel.type === 'table') return <Table data={data[0]} width={width} height={height} resizable={false} noHeader={false} showTypeIcons={false} enableSharedCrosshair={false} />;
  const times = data.flatMap((f) => f.fields[0].values);
  const range = { from: dateTime(Math.min(...times)), to: dateTime(Math.max(...times)), raw: { from: 'now-1h', to: 'now' } };
  return <TimeSeries frames={data} structureRev={1} timeRange={range} timeZone="browser" width={width} height={height} legend={panel.options.legend} options={panel.options} theme={theme} />;
}

class Safe extends React.Component {
  state = {};
  static getDerivedStateFromError(error) { return { error }; }
  render() { return this.state.error ? <pre style={{ color: 'red', fontSize: 11 }}>{String(this.state.error.stack).slice(0, 600)}</pre> : this.props.children; }
}

(async () => {
  const { board, results } = window.BOARD;
  const W = window.innerWidth - 16, cell = (W - 23 * 8) / 24;
  const panels = await Promise.all(board.panels.map(async (panel, at) => { try { return [panel, await dressed(panel, results[at])]; } catch (error) { return [panel, [], error]; } }));
  const place = (g) => ({ position: 'absolute', left: 8 + g.x * (cell + 8), top: 8 + g.y * 38, width: g.w * cell + (g.w - 1) * 8, height: g.h * 30 + (g.h - 1) * 8 });
  const end = Math.max(...board.panels.map((p) => p.gridPos.y + p.gridPos.h)) * 38 + 8;
  createRoot(document.getElementById('root')).render(
    <ThemeContext.Provider value={theme}><GlobalStyles /><PortalContainer />
      <div style={{ position: 'relative', height: end, background: theme.colors.background.canvas }}>
        {panels.map(([panel, data, error]) => { const s = place(panel.gridPos); return <div key={panel.id} style={s}>
          <PanelChrome title={fill(panel.title)} description={panel.description} width={s.width} height={s.height} loadingState={LoadingState.Done} padding={panel.type === 'table' ? 'md' : 'md'}>
            {(w, h) => error ? <pre style={{ color: 'red', fontSize: 11 }}>{String(error.stack).slice(0, 500)}</pre> : <Safe><Body panel={panel} data={data} width={w} height={h} /></Safe>}
          </PanelChrome></div>; })}
      </div></ThemeContext.Provider>);
})();
