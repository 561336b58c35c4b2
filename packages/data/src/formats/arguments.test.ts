import { ones, ValueError } from '@flambeau/core'
import { describe, expect, it } from 'vitest'
import * as data from '../index.ts'

describe('paths', () => {
  // Node reads the open file of a number: 0 is the terminal, for which it waits.
  const calls: [string, (path: never) => unknown][] = [
    ['loadNpy', (path) => data.loadNpy(path)],
    ['loadSafetensors', (path) => data.loadSafetensors(path)],
    ['openSafetensors', (path) => data.openSafetensors(path)],
    ['loadTorch', (path) => data.loadTorch(path)],
    ['readImage', (path) => data.readImage(path)],
    ['readCsv', (path) => data.readCsv(path)],
    ['saveNpy', (path) => data.saveNpy(path, ones([2]))],
    ['CheckpointFolder', (path) => new data.CheckpointFolder(path)],
    ['ImageFolder', (path) => new data.ImageFolder(path)],
    ['TextLineDataset', (path) => new data.TextLineDataset(path)],
    ['MNIST', (path) => new data.MNIST({ root: path })],
  ]

  it.each(calls)('of %s are text, never the number of an open file', async (_, call) => {
    for (const path of [0, undefined, 'a\0b']) {
      const made = (async () => call(path as never))()
      if (_ === 'MNIST' && path === undefined) await made
      else {
        await expect(made).rejects.toThrow(ValueError)
        await expect(made).rejects.toThrow(/must be a path, not/)
      }
    }
  })
})

describe('bytes', () => {
  it('are a Uint8Array', async () => {
    expect(() => data.parseNpy('npy' as never)).toThrow(
      /parseNpy: the bytes of a file must be a Uint8Array, not "npy"/,
    )
    await expect(data.decodeImage(new ArrayBuffer(8) as never)).rejects.toThrow(ValueError)
  })
})
