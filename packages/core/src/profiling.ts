/** Where a profile that is being made, if there is one, hears of parts of the program. */

/** What an event of a profile is of. */
export type SpanKind = 'operation' | 'backward' | 'user'

/** Set while a profile is made. */
export const profiling: {
  span: (<T>(name: string, kind: SpanKind, body: () => T) => T) | null
} = { span: null }
