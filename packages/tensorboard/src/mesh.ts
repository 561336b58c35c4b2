/** Surfaces and clouds of points in space. */
import type { Tensor } from '@flambeau/core'
import { ShapeError } from '@flambeau/core'
import { requireOptions, requireTensor, requireText } from '@flambeau/core/internal'
import type { SummaryValue } from './messages.ts'
import { DT, MeshData } from './messages.ts'

/** What a tensor of a mesh holds, by its number. */
const meshParts = { VERTEX: 1, FACE: 2, COLOR: 3 } as const

/** The same by the names of their events. */
export const partNumbers = { vertices: 1, faces: 2, colors: 3 } as const

/** A part of a mesh, as `[B, N, 3]`. */
export interface MeshPart {
  readonly shape: readonly number[]
  readonly values: readonly number[]
}

/** A mesh at a step; its numbers are read when they are asked for. */
export interface MeshEvent {
  /** Seconds since 1970. */
  readonly wallTime: number
  readonly step: number
  /** Camera, lights and material as JSON; '{}' if nothing was said. */
  readonly config: string
  /** @returns Null for a part that it does not have. */
  read(part: 'vertices' | 'faces' | 'colors'): MeshPart | null
}

/**
 * The tensors of a mesh as the plug-in `mesh` reads them, each a value of its own.
 *
 * @throws {ShapeError} for other shapes than `[B, N, 3]`, or colours of other shape than the vertices.
 */
export function meshValues(
  op: string,
  tag: string,
  vertices: Tensor,
  colors: Tensor | null,
  faces: Tensor | null,
  config: Readonly<Record<string, unknown>> | null,
): SummaryValue[] {
  requireText(op, 'tag', tag)
  requireTensor(op, 'vertices', vertices)
  if (colors !== null) requireTensor(op, 'colors', colors)
  if (faces !== null) requireTensor(op, 'faces', faces)
  if (config !== null) requireOptions(op, config)
  const given = { VERTEX: vertices, FACE: faces, COLOR: colors }
  const parts = Object.entries(given).filter(([, tensor]) => tensor !== null) as [
    keyof typeof meshParts,
    Tensor,
  ][]
  for (const [name, tensor] of parts) {
    if (tensor.ndim === 3 && tensor.shape[2] === 3) continue
    const rule = `${name.toLowerCase()} is [${tensor.shape.join(', ')}], not [B, N, 3]`
    throw new ShapeError(op, { tensor }, rule, 'a single mesh needs an axis: unsqueeze(0)')
  }
  if (colors !== null && colors.shape.join(',') !== vertices.shape.join(',')) {
    const rule = `there are [${colors.shape.join(', ')}] colors for [${vertices.shape.join(', ')}] vertices`
    throw new ShapeError(op, { vertices, colors }, rule, 'give one for each vertex')
  }
  const components = parts.reduce((sum, [name]) => sum | (1 << meshParts[name]), 0)
  const sorted = Object.fromEntries(
    Object.entries(config ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
  return parts.map(([name, tensor]) => {
    const content = MeshData.encode({
      version: 0,
      name: tag,
      contentType: meshParts[name],
      jsonConfig: JSON.stringify(sorted),
      shape: [...tensor.shape],
      components,
    })
    return {
      tag: `${tag}_${name}`,
      tensor: {
        dtype: DT.float,
        tensorShape: { dim: tensor.shape.map((size) => ({ size })) },
        floatVal: Array.from(tensor.detach().flatten().toArray() as ArrayLike<number>, Number),
      },
      metadata: { pluginData: { pluginName: 'mesh', content } },
    }
  })
}
