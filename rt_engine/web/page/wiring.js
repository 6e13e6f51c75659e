// The geometry of the graph's picture: boxes on a grid, wires as curves with their bends.

import { layout } from "./layout.js";

export const BOX = { width: 142, height: 72 };
const WIDE = { along: 176, across: 84 }; // from middle to middle, signal to the right
const TALL = { along: 104, across: 154 }; // signal downwards, on a phone
const MARGIN = 8;

// {width, height, middles: Map of name -> {x, y}, wire(from, to) -> path data}, in pixels.
export function geometry(nodes, tall) {
  const { at, ways } = layout(nodes);
  const { along, across } = tall ? TALL : WIDE;
  const [half, high] = [BOX.width / 2, BOX.height / 2];
  const least = Math.min(0, ...[...ways.values()].flat().map(({ row }) => row));
  const point = ({ layer, row }) => {
    const [a, b] = [layer * along + MARGIN, (row - least) * across + MARGIN];
    return tall ? { x: b + half, y: a + high } : { x: a + half, y: b + high };
  };
  const middles = new Map([...at].map(([name, place]) => [name, point(place)]));
  const all = [...middles.values(), ...[...ways.values()].flat().map(point)];
  const wire = (from, to) =>
    curve(
      ends(middles.get(from), middles.get(to), ways.get(`${from}>${to}`).map(point), tall),
      tall,
    );
  return {
    width: Math.max(...all.map(({ x }) => x)) + half + MARGIN,
    height: Math.max(...all.map(({ y }) => y)) + high + MARGIN,
    middles,
    wire,
  };
}

// From the edge of one box, straight past the boxes of each layer between, to the edge of the other.
function ends(a, b, bends, tall) {
  const [dx, dy] = tall ? [0, BOX.height / 2] : [BOX.width / 2, 0];
  const past = bends.flatMap(({ x, y }) => [
    { x: x - dx, y: y - dy },
    { x: x + dx, y: y + dy },
  ]);
  return [{ x: a.x + dx, y: a.y + dy }, ...past, { x: b.x - dx, y: b.y - dy }];
}

function curve(points, tall) {
  const [first, ...rest] = points;
  let path = `M${first.x},${first.y}`;
  rest.forEach(({ x, y }, i) => {
    const before = points[i];
    const level = tall ? before.x === x : before.y === y;
    if (level || i % 2) path += ` L${x},${y}`;
    else
      path += tall
        ? flex(before.x, (before.y + y) / 2, x, (before.y + y) / 2, x, y)
        : flex((before.x + x) / 2, before.y, (before.x + x) / 2, y, x, y);
  });
  return path;
}

const flex = (...numbers) => ` C${numbers.map((value) => value.toFixed(1)).join(" ")}`;
