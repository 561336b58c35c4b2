/** The library that decodes and encodes, loaded when it is first needed. */
import type Sharp from 'sharp'
import { failImage } from './header.ts'

export type Codec = typeof Sharp

let loading: Promise<Codec> | undefined

async function load(): Promise<Codec> {
  try {
    const { default: sharp } = await import('sharp')
    // One thread for each image, as several are decoded at once, and nothing is asked for twice.
    sharp.concurrency(1)
    sharp.cache(false)
    return sharp
  } catch (error) {
    return failImage('image', undefined)(
      undefined,
      `the package sharp could not be loaded (${(error as Error).message.split('\n')[0]})`,
      'npm install sharp',
    )
  }
}

/** sharp. @throws {FormatError} if it is not installed. */
export function codec(): Promise<Codec> {
  loading ??= load()
  return loading
}
