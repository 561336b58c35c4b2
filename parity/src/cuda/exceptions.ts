/** Classes with cases that draw random numbers, which are others on a GPU. */
const RANDOM: ReadonlySet<string> = new Set([
  'AlphaDropout',
  'Dropout',
  'Dropout1d',
  'Dropout2d',
  'Dropout3d',
  'FeatureAlphaDropout',
  'FractionalMaxPool2d',
  'FractionalMaxPool3d',
  'GumbelSoftmax',
  'RReLU',
])

/** Lazy classes draw their weights at the first call, where the input is. */
export function isRandomOnDevice(name: string): boolean {
  return RANDOM.has(name) || name.startsWith('Lazy')
}
