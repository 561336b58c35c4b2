/** Numbers and times as people read them. */

/** A number with about four digits. */
export function formatNumber(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–'
  const size = Math.abs(value)
  if (value !== 0 && (size >= 1e6 || size < 1e-3)) return value.toExponential(2)
  return Number(value.toPrecision(5)).toLocaleString('en', { maximumFractionDigits: 6 })
}

/** How long something took: `45 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(seconds: number): string {
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`
  if (seconds < 60) return `${Math.round(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) {
    const rest = Math.round(seconds % 60)
    return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`
  }
  const rest = minutes % 60
  return rest === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${rest} min`
}

/** A large whole number: `61,706`, `11.2 M`. */
export function formatCount(count: number): string {
  return count < 1e6 ? count.toLocaleString('en') : `${Number((count / 1e6).toPrecision(3))} M`
}

/** A shape: `32 × 10`. */
export function formatShape(shape: readonly number[] | null): string {
  if (shape === null) return ''
  return shape.length === 0 ? 'scalar' : shape.join(' × ')
}

/** A time of day, with the date if it is not today. */
export function formatTime(seconds: number): string {
  const date = new Date(seconds * 1000)
  const isToday = date.toDateString() === new Date().toDateString()
  return isToday ? date.toLocaleTimeString() : date.toLocaleString()
}
