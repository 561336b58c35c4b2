// Apart from axes.ts, whose declarations name types of d3 that users do not have.

/** How numbers are laid out along an axis; `auto` is logarithmic for more than a factor of 20. */
export type ScaleKind = 'linear' | 'log' | 'auto'
