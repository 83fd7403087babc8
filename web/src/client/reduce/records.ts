/** Copies of plain records with one thing changed; the same object when nothing changes, so that selectors stay still. */

export function put<T>(record: Readonly<Record<string, T>>, key: string, value: T): Readonly<Record<string, T>> {
  return record[key] === value ? record : { ...record, [key]: value };
}

export function drop<T>(record: Readonly<Record<string, T>>, key: string): Readonly<Record<string, T>> {
  if (!(key in record)) return record;
  const { [key]: _, ...rest } = record;
  return rest;
}

export function putAll<T>(record: Readonly<Record<string, T>>, items: readonly T[], key: (item: T) => string): Readonly<Record<string, T>> {
  return items.length === 0 ? record : { ...record, ...byKey(items, key) };
}

export function byKey<T>(items: readonly T[], key: (item: T) => string): Readonly<Record<string, T>> {
  return Object.fromEntries(items.map((item) => [key(item), item]));
}

export function keep<T>(record: Readonly<Record<string, T>>, wanted: (value: T, key: string) => boolean): Readonly<Record<string, T>> {
  const entries = Object.entries(record);
  const kept = entries.filter(([key, value]) => wanted(value, key));
  return kept.length === entries.length ? record : Object.fromEntries(kept);
}
