/** How scripts/fuzz.mjs and fuzz.test.ts call this package; @flambeau/tensorboard calls the writer. */
import type { FuzzSubject } from '@flambeau/core/testing'
import { serveBoard } from './index.ts'

export const subject: FuzzSubject = {
  api: {
    async serveBoard(...args: Parameters<typeof serveBoard>) {
      const board = await serveBoard(...args)
      await board.close()
    },
  },
  objects: () => [{ port: 0 }, { port: 0, intervalMs: 100 }],
  strings: ['.', 'runs'],
}
