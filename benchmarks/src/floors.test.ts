import { expect, it } from 'vitest'
import { demands, floorMs } from './floors.ts'
import { workloads } from './workloads/index.ts'

const peaks = { gflops: 100, memory: 10, cache: 50 }

it('knows what each workload demands, and no others', () => {
  expect(Object.keys(demands).toSorted()).toEqual(workloads.map(({ name }) => name).toSorted())
})

it('takes the longer of arithmetic and traffic', () => {
  expect(floorMs({ gflop: 1, megabytes: 1 }, peaks)).toBe(10)
  expect(floorMs({ gflop: 0, megabytes: 10 }, peaks)).toBe(0.2)
  expect(floorMs({ gflop: 0, megabytes: 100 }, peaks)).toBe(10)
})
