// `node icons.mjs`: draws our mark, the gable, as the icons that an installed app needs, into public/icons.
// Round corners are ours on plain icons; a maskable one fills its square and keeps the mark in the inner 80 %.
import { writeFileSync } from "node:fs";
import { crc32, deflateSync } from "node:zlib";

const ground = [0x0f, 0x3f, 0x3c];
const bar = [0x7f, 0xe0, 0xd2];
/** Of public/favicon.svg, on its 32 units: left, top, width, height of each bar. */
const bars = [[6, 17, 3, 7], [10.25, 12.5, 3, 11.5], [14.5, 8, 3, 16], [18.75, 12.5, 3, 11.5], [23, 17, 3, 7]];
const samples = 4;

const inRound = (x, y, [left, top, width, height], radius) => {
  if (x < left || y < top || x > left + width || y > top + height) return false;
  const dx = Math.max(left + radius - x, x - (left + width - radius), 0);
  const dy = Math.max(top + radius - y, y - (top + height - radius), 0);
  return dx * dx + dy * dy <= radius * radius;
};

/** Red, green, blue, alpha of a point on 32 units. `inset`: how much smaller the mark is drawn. */
function colour(x, y, { corner, inset }) {
  if (!inRound(x, y, [0, 0, 32, 32], corner)) return [0, 0, 0, 0];
  const [mx, my] = [x, y].map((at) => (at - 16) / inset + 16);
  return [...(bars.some((each) => inRound(mx, my, each, 1.5)) ? bar : ground), 255];
}

function draw(size, style) {
  const rows = [];
  for (let y = 0; y < size; y++) {
    const row = Buffer.alloc(1 + size * 4); // filter 0
    for (let x = 0; x < size; x++) {
      const sum = [0, 0, 0, 0];
      for (let sub = 0; sub < samples * samples; sub++) {
        const [r, g, b, a] = colour(((x + ((sub % samples) + 0.5) / samples) * 32) / size, ((y + (Math.floor(sub / samples) + 0.5) / samples) * 32) / size, style);
        sum[0] += r * a; sum[1] += g * a; sum[2] += b * a; sum[3] += a;
      }
      row.set([...sum.slice(0, 3).map((value) => (sum[3] ? Math.round(value / sum[3]) : 0)), Math.round(sum[3] / (samples * samples))], 1 + x * 4);
    }
    rows.push(row);
  }
  return Buffer.concat(rows);
}

const chunk = (type, data) => {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
};

/** PNG (RFC 2083): header, image data, end. */
function png(size, style) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(size, 0);
  head.writeUInt32BE(size, 4);
  head.set([8, 6, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), chunk("IHDR", head), chunk("IDAT", deflateSync(draw(size, style), { level: 9 })), chunk("IEND", Buffer.alloc(0))]);
}

const plain = { corner: 8, inset: 1 };
const filled = { corner: 0, inset: 0.8 };
for (const [name, size, style] of [["192", 192, plain], ["512", 512, plain], ["maskable-192", 192, filled], ["maskable-512", 512, filled], ["apple-180", 180, { corner: 0, inset: 1 }]])
  writeFileSync(new URL(`public/icons/${name}.png`, import.meta.url), png(size, style));
