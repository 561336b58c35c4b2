/** Sound as the bytes of WAV files. */
import type { Tensor } from '@flambeau/core'
import { ShapeError, ValueError } from '@flambeau/core'
import { requireTensor, show } from '@flambeau/core/internal'
import type { AudioProto } from './messages.ts'

const HEAD = 44

/**
 * Sound from -1 to 1 as a WAV file with one channel of 16 bits; what is louder is cut off.
 *
 * @param sound `[1, L]` or `[L]`.
 * @throws {ShapeError} for several channels. @throws {ValueError} for a rate below 1.
 */
export function encodeAudio(op: string, sound: Tensor, sampleRate: number): AudioProto {
  requireTensor(op, 'sndTensor', sound)
  const samples = sound.detach().squeeze()
  if (samples.ndim > 1 || samples.numel() === 0) {
    const rule = `sound is [1, L] with some samples, not [${sound.shape.join(', ')}]`
    throw new ShapeError(op, { sndTensor: sound }, rule, 'log each channel by itself')
  }
  if (!Number.isInteger(sampleRate) || sampleRate < 1) {
    const rule = `sampleRate is ${show(sampleRate)}`
    throw new ValueError(op, { sndTensor: sound }, rule, 'a whole number of samples a second')
  }
  const values = samples.flatten().toArray()
  const bytes = new Uint8Array(HEAD + values.length * 2)
  const view = new DataView(bytes.buffer)
  const text = (at: number, letters: string): void => {
    for (let i = 0; i < letters.length; i++) view.setUint8(at + i, letters.charCodeAt(i))
  }
  text(0, 'RIFF')
  view.setUint32(4, bytes.length - 8, true)
  text(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, 1, true) // plain samples
  view.setUint16(22, 1, true) // channels
  view.setUint32(24, sampleRate, true)
  view.setUint32(28, sampleRate * 2, true)
  view.setUint16(32, 2, true) // bytes of a sample of all channels
  view.setUint16(34, 16, true) // bits
  text(36, 'data')
  view.setUint32(40, values.length * 2, true)
  for (let i = 0; i < values.length; i++) {
    const value = Math.min(1, Math.max(-1, Number(values[i])))
    view.setInt16(HEAD + i * 2, Math.trunc(value * 32767), true)
  }
  return {
    sampleRate,
    numChannels: 1,
    lengthFrames: values.length,
    encodedAudioString: bytes,
    contentType: 'audio/wav',
  }
}
