/** How scripts/fuzz.mjs and fuzz.test.ts call this package. */
import type { FuzzSubject } from '@flambeau/core/testing'
import * as cuda from './index.ts'

export const subject: FuzzSubject = {
  api: cuda,
  objects: () => (cuda.isAvailable() ? [new cuda.Stream(), new cuda.Event()] : []),
  strings: ['cuda', 'cuda:0', 'cuda:9'],
}
