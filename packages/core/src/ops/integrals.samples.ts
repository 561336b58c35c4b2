import type { Sample } from '../testing/samples.ts'
import { samplesFor, withLayout } from '../testing/samples.ts'
import type { Tensor } from '../tensor.ts'
import { cumulativeTrapezoid, trapezoid, trapz } from './integrals.ts'

type Integral = typeof trapezoid

function integrals(op: 'trapezoid' | 'trapz' | 'cumulativeTrapezoid', fn: Integral): Sample[] {
  const golden = (name: string): string => `differences:${op}/${name}`
  return [
    { name: 'rows', golden: golden('rows'), run: (y: Tensor) => fn(y) },
    {
      name: 'a distance',
      golden: golden('a distance'),
      run: (y: Tensor) => fn(y, { dx: 0.5, dim: 0 }),
    },
    {
      name: 'a distance as a tensor',
      golden: golden('a distance'),
      run: (y: Tensor) => fn(y, { dx: y.detach().mul(0).mean().add(0.5), dim: 0 }),
    },
    { name: 'places', golden: golden('places'), run: (y: Tensor, x: Tensor) => fn(y, x) },
    {
      name: 'places of columns, by name',
      golden: golden('places of columns'),
      run: (y: Tensor, x: Tensor) => fn(y, { x, dim: 0 }),
    },
    {
      name: 'places of all',
      golden: golden('places of all'),
      run: (y: Tensor, x: Tensor) => fn(y, withLayout(x, 'transposed')),
    },
    {
      name: 'places that broadcast',
      golden: golden('places that broadcast'),
      run: (y: Tensor, x: Tensor) => fn(y, x, null, 1),
    },
    { name: 'of integers', golden: golden('of integers'), run: (y: Tensor) => fn(y, { dx: 2 }) },
    { name: 'one value', golden: golden('one value'), run: (y: Tensor) => fn(y) },
    { name: 'of nothing', golden: golden('of nothing'), run: (y: Tensor) => fn(y, { x: null }) },
    {
      name: 'places and a distance',
      inputs: [[3], [3]],
      run: (y: Tensor, x: Tensor) => fn(y, x, 1),
      throws: /x and dx say the same/,
    },
    {
      name: 'places that do not fit',
      inputs: [[3], [2]],
      run: (y: Tensor, x: Tensor) => fn(y, x),
      throws: /x has 2 places for the 3 values along axis 0/,
    },
    {
      name: 'of bools',
      inputs: [{ shape: [3], dtype: 'bool' }],
      run: (y: Tensor) => fn(y),
      throws: /bools are not integrated/,
    },
  ]
}

samplesFor('trapezoid', integrals('trapezoid', trapezoid))
samplesFor('trapz', integrals('trapz', trapz))
samplesFor('cumulativeTrapezoid', integrals('cumulativeTrapezoid', cumulativeTrapezoid))
