import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkTree, installedNames, runProgram, sizeOf } from '../lib/consumer.mjs'
import { needsOf, newer, parseNeeds } from '../lib/elf.mjs'
import { checkFiles, namedFiles, onlySome } from '../lib/pack.mjs'
import { checkAddon } from '../lib/platform.mjs'
import { packument, serveRegistry } from '../lib/registry.mjs'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flambeau-test-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('what a compiled file needs', () => {
  test('is read from readelf', () => {
    const text = `
 0x0000000000000001 (NEEDED)             Shared library: [libm.so.6]
 0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]
     3: 0000000000000000     0 FUNC    GLOBAL DEFAULT  UND memcpy@GLIBC_2.14 (4)
     4: 0000000000000000     0 FUNC    GLOBAL DEFAULT  UND exp@GLIBC_2.9 (5)
     5: 0000000000000000     0 NOTYPE  GLOBAL DEFAULT  UND napi_throw_error
     6: 0000000000000000     0 NOTYPE  GLOBAL DEFAULT  UND dnnl_version
     7: 0000000000000000     0 NOTYPE  WEAK   DEFAULT  UND __gmon_start__
`
    expect(parseNeeds(text)).toEqual({
      libraries: ['libc.so.6', 'libm.so.6'],
      glibc: '2.14',
      unresolved: ['dnnl_version'],
    })
    expect(newer('2.9', '2.34')).toBe('2.34')
  })

  test('is refused where a bare system lacks it', () => {
    expect(needsOf('/bin/sh').libraries).toContain('libc.so.6')
    const file = join(folder, 'text.node')
    writeFileSync(file, 'not a program')
    expect(() => checkAddon(file)).toThrow(`readelf cannot read ${file}`)
  })
})

describe('a tarball', () => {
  const manifest = {
    exports: {
      '.': { '@flambeau/source': './src/a.ts', types: './dist/a.d.ts', default: './dist/a.js' },
    },
    bin: { tool: 'bin/tool.js' },
  }

  test('has the files that its manifest names', () => {
    expect(namedFiles(manifest).toSorted()).toEqual(['bin/tool.js', 'dist/a.d.ts', 'dist/a.js'])
    const files = ['package.json', 'README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts']
    const all = [...files, ...namedFiles(manifest)].map((file) => `package/${file}`)
    const tarball = { name: 'x', version: '1.0.0', path: '', manifest }
    expect(() => checkFiles('nowhere', { ...tarball, files: all })).not.toThrow()
    expect(() => checkFiles('nowhere', { ...tarball, files: all.slice(1) })).toThrow(
      'lacks [package/package.json]',
    )
    const tests = [...all, 'package/dist/a.test.js']
    expect(() => checkFiles('nowhere', { ...tarball, files: tests })).toThrow(
      'should not contain [',
    )
  })

  test('may be one of a few', () => {
    expect(onlySome(['--only', 'core,nn'])).toEqual({ only: ['core', 'nn'] })
    expect(onlySome(['--verbose'])).toEqual({})
  })

  test('is served as a registry does, and nothing else is', async () => {
    const path = join(folder, 'x-1.0.0.tgz')
    writeFileSync(path, 'bytes')
    const tarball = {
      name: '@flambeau/x',
      version: '1.0.0',
      path,
      files: [],
      manifest: { name: '@flambeau/x', version: '1.0.0' },
    }
    const { versions } = packument(tarball, 'http://here/')
    expect(versions['1.0.0'].dist.tarball).toBe('http://here/-/x-1.0.0.tgz')
    const { url, asked, close } = await serveRegistry([tarball])
    try {
      const answer = /** @type {any} */ (await (await fetch(`${url}@flambeau%2fx`)).json())
      expect(answer['dist-tags']).toEqual({ latest: '1.0.0' })
      expect([...asked]).toEqual(['@flambeau/x'])
      const bytes = await (await fetch(answer.versions['1.0.0'].dist.tarball)).text()
      expect(bytes).toBe('bytes')
      for (const other of ['@flambeau%2fy', '-/y.tgz', '-/../../etc/passwd']) {
        expect((await fetch(url + other)).status).toBe(404)
      }
    } finally {
      await close()
    }
  })
})

describe('a project that installed packages', () => {
  beforeEach(() => {
    for (const name of ['@flambeau/core', '@flambeau/nn', 'sharp', '.bin']) {
      mkdirSync(join(folder, 'node_modules', name), { recursive: true })
      writeFileSync(join(folder, 'node_modules', name, 'index.js'), '12345')
    }
  })
  const consumer = () => ({ folder, wanted: ['@flambeau/nn'] })

  test('is weighed', () => {
    expect(sizeOf(folder)).toBe(20)
    expect(installedNames(consumer())).toEqual(['@flambeau/core', '@flambeau/nn', 'sharp'])
  })

  test('has what it asked for, and no more', () => {
    const flambeau = ['@flambeau/core', '@flambeau/nn']
    expect(() => checkTree(consumer(), { flambeau })).not.toThrow()
    expect(() => checkTree(consumer(), { flambeau, without: ['sharp'] })).toThrow('[sharp] unasked')
    expect(() => checkTree(consumer(), { flambeau: ['@flambeau/nn'] })).toThrow(
      '[@flambeau/core] unasked',
    )
    expect(() => checkTree(consumer(), { flambeau: [...flambeau, '@flambeau/data'] })).toThrow(
      'not [@flambeau/data]',
    )
  })

  test('runs programs, and is told when they fail', async () => {
    expect(await runProgram(consumer(), 'a.mjs', 'console.log(1)')).toBe('1\n')
    await expect(runProgram(consumer(), 'a.mjs', 'throw new Error("no")')).rejects.toThrow(
      'a.mjs does not run',
    )
    await expect(runProgram(consumer(), 'a.mjs', '', { fails: true })).rejects.toThrow(
      'should have failed',
    )
  })
})
