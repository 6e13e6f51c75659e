// Where the nodes of a graph stand: a layer behind what feeds them; long wires go round the boxes.

const SWEEPS = 8;
const LANE = 0.42; // of a row: the room that a wire takes between boxes

// {at: Map of name -> {layer, row}, ways: Map of "from>to" -> [{layer, row}] of the bends between},
// rows from 0, from nodes [{name, inputs: [{from}]}].
export function layout(nodes) {
  const feeds = new Map(nodes.map(({ name, inputs }) => [name, sources(inputs)]));
  const depth = new Map();
  for (const { name } of nodes) depth.set(name, depthOf(name, feeds, depth, new Set()));
  const columns = [];
  for (const { name } of nodes) (columns[depth.get(name)] ??= []).push(name);
  const links = new Map();
  const bends = bendsOf(feeds, depth, columns, links);
  const rows = arrange(columns, links, new Set([...bends.values()].flat()));
  const top = Math.min(...[...depth.keys()].map((name) => rows.get(name)));
  const place = (name, layer) => ({ layer, row: rows.get(name) - top });
  const at = new Map(nodes.map(({ name }) => [name, place(name, depth.get(name))]));
  const ways = new Map();
  for (const [wire, list] of bends) {
    const first = depth.get(wire.split(">")[0]) + 1;
    ways.set(
      wire,
      list.map((bend, i) => place(bend, first + i)),
    );
  }
  return { at, ways };
}

export const sources = (inputs) => [...new Set(inputs.map(({ from }) => from.split(".")[0]))];

function depthOf(name, feeds, depth, open) {
  if (depth.has(name)) return depth.get(name);
  if (open.has(name)) return 0;
  open.add(name);
  const before = (feeds.get(name) ?? []).filter((from) => feeds.has(from));
  return Math.max(-1, ...before.map((from) => depthOf(from, feeds, depth, open))) + 1;
}

// Gives every wire a bend in each layer that it crosses, and links neighbours in both directions.
function bendsOf(feeds, depth, columns, links) {
  const bends = new Map();
  const link = (a, b) => {
    for (const [one, other] of [
      [a, b],
      [b, a],
    ])
      links.set(one, [...(links.get(one) ?? []), other]);
  };
  for (const [name, list] of feeds) {
    for (const from of list.filter((each) => feeds.has(each))) {
      const path = [];
      for (let layer = depth.get(from) + 1; layer < depth.get(name); layer++) {
        path.push(`${from}>${name}#${layer}`);
        columns[layer].push(path[path.length - 1]);
      }
      bends.set(`${from}>${name}`, path);
      [from, ...path].forEach((each, i, all) => link(each, all[i + 1] ?? name));
    }
  }
  return bends;
}

// Rows by the barycentre of the neighbours (Sugiyama), swept until it rests.
function arrange(columns, links, bends) {
  const rows = new Map();
  for (const column of columns) stack(column, rows, bends);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const column of sweep % 2 ? columns.toReversed() : columns) {
      const wish = new Map(
        column.map((name) => [
          name,
          mean(
            (links.get(name) ?? []).map((other) => rows.get(other)),
            rows.get(name),
          ),
        ]),
      );
      column.sort((a, b) => wish.get(a) - wish.get(b));
      stack(column, rows, bends);
    }
  }
  return rows;
}

function stack(column, rows, bends) {
  const tall = (name) => (bends.has(name) ? LANE : 1);
  let row = -column.reduce((sum, name) => sum + tall(name), 0) / 2;
  for (const name of column) {
    rows.set(name, row + tall(name) / 2);
    row += tall(name);
  }
}

const mean = (values, otherwise) =>
  values.length ? values.reduce((a, b) => a + b, 0) / values.length : otherwise;
