/** How layers print their settings. */

function text(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(text).join(', ')}]`
  return typeof value === 'string' ? `'${value}'` : String(value)
}

/** `name=value, …`, less those that are undefined. */
export function describe(settings: Record<string, unknown>): string {
  return Object.entries(settings)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${text(value)}`)
    .join(', ')
}

/** A setting that is printed only where it is not the default. */
export function unless<T>(usual: T, value: T): T | undefined {
  return JSON.stringify(value) === JSON.stringify(usual) ? undefined : value
}
