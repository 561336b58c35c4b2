import { readFileSync } from 'node:fs'

/** The version of flambeau, as `'0.1.0'`. @see torch.__version__ */
export const version: string = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
).version
