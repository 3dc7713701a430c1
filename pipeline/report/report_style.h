#pragma once

namespace tvr {

/// The style sheet of the report: light or dark by the reader's setting, readable from a phone's width up.
/// Text and curves have a contrast of at least 4.5 to their background.
inline constexpr const char* kReportStyle = R"(
:root{color-scheme:light dark;--paper:#f6f7fa;--card:#fff;--ink:#1a2233;--soft:#586378;--line:#dde2ea;--good:#15803d;
--caution:#fff6df;--caution-line:#d99a00;--c0:#1d4ed8;--c1:#c2410c;--c2:#7e22ce;--c3:#64748b}
@media(prefers-color-scheme:dark){:root{--paper:#0f1218;--card:#171c25;--ink:#e7eaf0;--soft:#9fabc0;--line:#2c3442;--good:#4ade80;
--caution:#2d2410;--caution-line:#d99a00;--c0:#7aa7ff;--c1:#fb9a5b;--c2:#c79bff;--c3:#94a3b8}}
*{box-sizing:border-box}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:72rem;margin:0 auto;padding:1.5rem 1rem 3rem}
h1{font-size:1.7rem;line-height:1.2;margin:.5rem 0 .2rem;overflow-wrap:anywhere}
h2{font-size:1.2rem;margin:2.2rem 0 .7rem}h3{font-size:1rem;margin:1.2rem 0 .4rem}
p{margin:.3rem 0 .7rem}.soft,small{color:var(--soft)}small{font-size:.78rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.9rem 1rem}
.cautions{background:var(--caution);border-left:4px solid var(--caution-line);border-radius:.3rem;padding:.6rem 1rem;margin:1rem 0}
.cautions p{margin:.2rem 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.8rem;margin:1.2rem 0}
.tiles div{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.7rem 1rem}
.tiles dt{color:var(--soft);font-size:.85rem}.tiles dd{margin:0;font-size:1.9rem;line-height:1.25;font-weight:600;font-variant-numeric:tabular-nums}
.tiles dd small{display:block;font-weight:400}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.35rem .8rem;border-bottom:1px solid var(--line);text-align:right;vertical-align:top}
thead th{color:var(--soft);font-weight:500;font-size:.85rem}tbody th{font-weight:500}
tbody tr:last-child>*{border-bottom:0}th:first-child,td:first-child{text-align:left;padding-left:0}
td small{display:block;white-space:nowrap}.texts td,.texts th{text-align:left;overflow-wrap:anywhere}
.texts th:first-child{white-space:nowrap}.texts{width:100%}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(24rem,100%),1fr));gap:.8rem}
.plots .card{padding:.6rem}svg{display:block;width:100%;height:auto}
svg text{fill:var(--ink);font:12px system-ui,sans-serif}svg .title{font-weight:600;font-size:14px}
svg .tick,svg .label{fill:var(--soft)}svg .tick{font-size:11px}
.grid{stroke:var(--line)}.axis{stroke:var(--soft);stroke-opacity:.6}.curve{fill:none;stroke-width:2;stroke-linejoin:round}
.curve.c0{stroke:var(--c0)}.curve.c1{stroke:var(--c1);stroke-dasharray:7 3}.curve.c2{stroke:var(--c2);stroke-dasharray:2 3}
.curve.c3{stroke:var(--c3);stroke-dasharray:1 4}
.bar.c0,.dot.c0{fill:var(--c0)}.bar.c1,.dot.c1{fill:var(--c1)}.bar.c2,.dot.c2{fill:var(--c2)}.bar.c3,.dot.c3{fill:var(--c3)}
.query{margin:0 0 .8rem}.query p{margin:0 0 .5rem}.query q{font-weight:600;unicode-bidi:isolate}
.query u{text-decoration:underline dotted var(--caution-line) 2px;text-underline-offset:.2em}
.rank{display:inline-block;min-width:4.2rem;color:var(--soft);font-size:.85rem}
.hits{display:flex;gap:.6rem;overflow-x:auto;margin:0;padding:0 0 .3rem;list-style:none}
.hits li{flex:0 0 8.4rem;font-size:.8rem;line-height:1.35;overflow-wrap:anywhere}
.hits img,.hits .none{display:block;width:100%;aspect-ratio:4/3;object-fit:cover;border-radius:.35rem;border:3px solid transparent;background:var(--line)}
.hits .wanted img,.hits .wanted .none{border-color:var(--good)}.hits .wanted b{color:var(--good)}
.hits .asked{padding-right:.7rem;border-right:1px solid var(--line);flex-basis:9.1rem}
ul.plain{margin:.3rem 0;padding-left:1.2rem}li{margin:.2rem 0}
.words{display:flex;flex-wrap:wrap;gap:.4rem;padding:0;margin:.6rem 0;list-style:none}
.words li{border:1px solid var(--line);border-radius:1rem;padding:.05rem .7rem;margin:0;overflow-wrap:anywhere}
code,pre{font:.85rem/1.5 ui-monospace,monospace}pre{overflow-x:auto;margin:.6rem 0 0}code{overflow-wrap:anywhere}
summary{cursor:pointer}footer{margin-top:2rem;color:var(--soft);font-size:.85rem}
@media(max-width:40rem){th,td{padding:.35rem .45rem}body{padding:1rem .7rem 2rem}}
@media print{body{background:#fff}.card,.tiles div,.query,tr{break-inside:avoid}h2,h3{break-after:avoid}}
)";

}  // namespace tvr
