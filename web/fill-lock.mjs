// Completes package-lock.json after `npm install`: `node fill-lock.mjs`.
// npm drops an optional platform package from the lock when the registry at hand does not carry it (a binary for another
// system, say), and `npm ci` then refuses the lock. A stub entry that matches no machine but its own makes the lock whole.
import { readFileSync, writeFileSync } from "node:fs";

const file = process.argv[2] ?? "package-lock.json";
const lock = JSON.parse(readFileSync(file, "utf8"));
const packages = lock.packages;

/** Whether `name` resolves from the package at `from`, walking up nested node_modules. */
function present(from, name) {
  for (let path = from; ; path = path.slice(0, Math.max(0, path.lastIndexOf("node_modules/") - 1))) {
    if (packages[`${path ? `${path}/` : ""}node_modules/${name}`]) return true;
    if (!path) return false;
  }
}

function stub(name, version, dev) {
  const system = name.match(/(android|darwin|freebsd|linux|win32|openharmony|netbsd|openbsd|sunos|aix|wasm32|cygwin)/)?.[1];
  const cpu = name.match(/(x64|arm64|arm|ia32|ppc64|riscv64|s390x|loong64|loongarch64|mips64el|wasm32)/)?.[1] ?? "none";
  const os = !system || system === "wasm32" ? "none" : system;
  const libc = /musl/.test(name) ? ["musl"] : system === "linux" ? ["glibc"] : undefined;
  return { version: version.replace(/^[\^~]/, ""), ...(dev ? { dev: true } : {}), optional: true, os: [os], cpu: [cpu], ...(libc ? { libc } : {}) };
}

let filled = 0;
for (const [from, meta] of Object.entries(packages)) {
  for (const [name, version] of Object.entries(meta.optionalDependencies ?? {})) {
    if (present(from, name)) continue;
    packages[`node_modules/${name}`] = stub(name, version, meta.dev);
    filled += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).toSorted(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`filled ${filled}`);
