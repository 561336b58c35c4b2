import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkGraph } from '../check-graph.mjs'

/** @type {string} */
let top

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'flambeau-graph-'))
})
afterEach(() => rmSync(top, { recursive: true }))

/**
 * Checks a workspace made of `files`, given by path.
 *
 * @param {Record<string, string | object>} files
 */
function problemsOf(files) {
  const folders = new Set()
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(top, path)), { recursive: true })
    writeFileSync(join(top, path), typeof content === 'string' ? content : JSON.stringify(content))
    if (path.endsWith('package.json')) folders.add(dirname(path))
  }
  return checkGraph(top, [...folders]).map(
    ({ file, line, message }) => `${relative(top, file)}:${line}: ${message}`,
  )
}

const core = { name: '@flambeau/core', devDependencies: { vitest: '*' } }
const nn = {
  name: '@flambeau/nn',
  dependencies: { '@flambeau/core': '*', '@flambeau/autograd': '*' },
  devDependencies: { vitest: '*' },
}
const usesBoth = "import '@flambeau/core'\nimport '@flambeau/autograd'\n"

describe('the dependency check', () => {
  test('accepts imports that follow the graph', () => {
    const problems = problemsOf({
      'packages/nn/package.json': nn,
      'packages/nn/src/index.ts': `${usesBoth}export * from './linear.ts'\nimport { join } from 'node:path'\n`,
      'packages/nn/src/linear.ts': "import { Tensor } from '@flambeau/core/internal'\n",
      'packages/nn/src/linear.test.ts':
        "import { test } from 'vitest'\nimport '@flambeau/core/testing'\n",
    })
    expect(problems).toEqual([])
  })

  test('lets a test import a package beside the one it tests, but none that imports it', () => {
    const problems = problemsOf({
      'packages/core/package.json': { ...core, devDependencies: { '@flambeau/nn': '*' } },
      'packages/core/src/tensor.test.ts': "import '@flambeau/nn'\n",
      'packages/nn/package.json': { ...nn, devDependencies: { '@flambeau/data': '*' } },
      'packages/nn/src/linear.ts': usesBoth,
      'packages/nn/src/linear.test.ts': "import '@flambeau/data'\n",
    })
    expect(problems).toEqual([
      'packages/core/src/tensor.test.ts:1: @flambeau/core must not import @flambeau/nn (allowed: none)',
    ])
  })

  test('names the file, the import and what is allowed when a package imports against the graph', () => {
    const problems = problemsOf({
      'packages/core/package.json': core,
      'packages/core/src/tensor.ts': "import { grad } from '@flambeau/autograd'\n",
      'packages/nn/package.json': nn,
      'packages/nn/src/index.ts': `${usesBoth}export { Adam } from '@flambeau/optim'\n`,
    })
    expect(problems).toEqual([
      'packages/core/src/tensor.ts:1: @flambeau/core must not import @flambeau/autograd (allowed: none)',
      'packages/nn/src/index.ts:3: @flambeau/nn must not import @flambeau/optim (allowed: @flambeau/core, @flambeau/autograd)',
    ])
  })

  test('finds forbidden dynamic and type-only imports too', () => {
    const problems = problemsOf({
      'packages/core/package.json': core,
      'packages/core/src/a.ts':
        "const nn = await import('@flambeau/nn')\nimport type { Grad } from '@flambeau/autograd'\n",
    })
    expect(problems).toHaveLength(2)
  })

  test('is not misled by an import in a comment or a string', () => {
    const problems = problemsOf({
      'packages/core/package.json': core,
      'packages/core/src/a.ts':
        '/** import { grad } from "@flambeau/autograd" */\nexport const a = "import \'@flambeau/nn\'"\n',
    })
    expect(problems).toEqual([])
  })

  test('rejects a dependency against the graph in package.json', () => {
    const problems = problemsOf({
      'packages/core/package.json': { ...core, dependencies: { '@flambeau/nn': '*' } },
    })
    expect(problems.join()).toContain('@flambeau/core must not import @flambeau/nn')
  })

  test('wants every import declared and every dependency used', () => {
    const problems = problemsOf({
      'packages/nn/package.json': nn,
      'packages/nn/src/index.ts': "import '@flambeau/core'\nimport sharp from 'sharp'\n",
      'packages/nn/src/module.ts': "import fs from 'fs'\nimport { test } from 'vitest'\n",
    })
    expect(problems).toEqual([
      "packages/nn/src/index.ts:2: 'sharp' is not declared in the dependencies of @flambeau/nn (declared: @flambeau/core, @flambeau/autograd)",
      "packages/nn/src/module.ts:1: write 'node:fs'",
      "packages/nn/src/module.ts:2: 'vitest' is not declared in the dependencies of @flambeau/nn (declared: @flambeau/core, @flambeau/autograd)",
      'packages/nn/package.json:1: @flambeau/nn declares @flambeau/autograd and never uses it',
    ])
  })

  test('rejects relative imports that leave the package', () => {
    const problems = problemsOf({
      'packages/nn/package.json': nn,
      'packages/nn/src/index.ts': `${usesBoth}import '../../core/src/index.ts'\n`,
    })
    expect(problems).toEqual([
      "packages/nn/src/index.ts:3: '../../core/src/index.ts' leaves @flambeau/nn: import the other package by its name",
    ])
  })

  test('finds a circle of imports, and lets types refer to each other', () => {
    const circle = (/** @type {string} */ back) =>
      problemsOf({
        'packages/core/package.json': core,
        'packages/core/src/a.ts': "import { b } from './b.ts'\n",
        'packages/core/src/b.ts': "export { c } from './c.ts'\n",
        'packages/core/src/c.ts': back,
      })
    expect(circle("import { a } from './a.ts'\n")).toEqual([
      'packages/core/src/c.ts:1: imports in a circle: a.ts -> b.ts -> c.ts -> a.ts',
    ])
    expect(circle("import { type A } from './a.ts'\n")).toHaveLength(1)
    expect(circle("import type { A } from './a.ts'\n")).toEqual([])
  })

  test('keeps apps to the public API, and lets nothing import an app', () => {
    const problems = problemsOf({
      'apps/mnist/package.json': {
        name: '@flambeau/app-mnist',
        dependencies: { '@flambeau/core': '*', '@flambeau/app-gpt': '*' },
      },
      'apps/mnist/src/main.ts':
        "import '@flambeau/core/internal'\nimport '@flambeau/core/testing'\nimport '@flambeau/app-gpt'\n",
    })
    expect(problems).toEqual([
      "apps/mnist/src/main.ts:1: '@flambeau/core/internal' is for the packages of this repository, @flambeau/app-mnist is to use the public API",
      "apps/mnist/src/main.ts:2: '@flambeau/core/testing' is for tests (*.test.ts, *.samples.ts, testing/, parity/)",
      'apps/mnist/src/main.ts:3: @flambeau/app-mnist must not import @flambeau/app-gpt: nothing imports an app',
    ])
  })

  test('asks for a row when a package is new', () => {
    const problems = problemsOf({ 'packages/vision/package.json': { name: '@flambeau/vision' } })
    expect(problems.join()).toContain('@flambeau/vision has no row in scripts/check-graph.mjs')
  })
})
