/** The network of a run, kept with what is needed to use it. */
import type { Tensor } from '@flambeau/core'
import { FormatError, loadSafetensors, saveSafetensors } from '@flambeau/data'
import { UNet } from '@flambeau/vision-models'
import type { Size } from './data.ts'

/** The U-Net of four levels whose first has `width` channels. */
export function build(width: number): UNet {
  return new UNet({ inChannels: 3, outChannels: 1, features: [1, 2, 4, 8].map((by) => by * width) })
}

/** @throws {FileWriteError} */
export function saveModel(
  path: string,
  weights: Record<string, Tensor>,
  width: number,
  size: Size,
): void {
  const metadata = { app: 'carvana-unet', width: String(width), size: size.join('x') }
  saveSafetensors(path, weights, metadata)
}

/** The network at `path`, in evaluation mode. @throws {FormatError} if it is another file. */
export function loadModel(path: string): { net: UNet; size: Size } {
  const { tensors, metadata } = loadSafetensors(path)
  const width = Number(metadata['width'])
  const [height = 0, across = 0] = (metadata['size'] ?? '').split('x').map(Number)
  if (metadata['app'] !== 'carvana-unet' || !(width > 0) || !(height > 0) || !(across > 0)) {
    throw new FormatError({
      format: 'model',
      path,
      reason: 'it is not a model of this app',
      fix: 'train one: npm run carvana',
    })
  }
  const net = build(width)
  net.loadStateDict(tensors)
  return { net: net.eval(), size: [height, across] }
}
