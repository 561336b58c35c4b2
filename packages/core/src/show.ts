/** Values in messages. */

/**
 * Any value as a few words of a message, whatever it is: what a caller passed may be of a kind that
 * String() refuses.
 */
export function show(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value)
    case 'bigint':
      return `${value}n`
    case 'function':
      return 'a function'
    case 'object': {
      if (value === null) return 'null'
      if (Array.isArray(value)) {
        const shown = Array.from(value.slice(0, 16), (item) =>
          Array.isArray(item) ? '[…]' : show(item),
        )
        return `[${shown.join(', ')}${value.length > 16 ? ', …' : ''}]`
      }
      const { dtype, shape } = value as { dtype?: unknown; shape?: unknown }
      if (typeof dtype === 'string' && Array.isArray(shape)) return `${dtype} ${show(shape)}`
      return `an object (${Object.prototype.toString.call(value).slice(8, -1)})`
    }
    default:
      return String(value)
  }
}
