/**
 * Is everything ready to be published? npm run release:check [-- --only core,nn,…] [--no-build] [--out FOLDER]
 *
 * Builds what is published, packs it, installs chosen subsets from the tarballs into empty projects outside
 * of the workspace, runs programs there on versions of Node, Bun and Deno, and weighs what came along. What it
 * needs besides npm's cache comes from npm. --no-build takes what lies there already.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  checkTree,
  compileTyped,
  installedNames,
  makeConsumer,
  runProgram,
  sizeOf,
} from './lib/consumer.mjs'
import { basicLibraries } from './lib/elf.mjs'
import { fetchEngines } from './lib/engines.mjs'
import { run } from './lib/exec.mjs'
import { withLock } from './lib/lock.mjs'
import { describeTarball, importable, onlySome, packAll } from './lib/pack.mjs'
import { findNvcc } from './lib/native.mjs'
import { buildCudaPlatform, buildPlatform, checkAddon, processor } from './lib/platform.mjs'
import * as programs from './lib/programs.mjs'
import { serveRegistry } from './lib/registry.mjs'
import { inRepo, readJson } from './lib/repo.mjs'
import { StepError, requireSuccess, runMain } from './lib/steps.mjs'
import { setup } from './setup.mjs'

/** A CPU-only training set-up may weigh this much, in bytes, as npm installs it. */
const BUDGET = 60e6

const PLATFORM = '@flambeau/core-linux-x64-gnu'
const CUDA_PLATFORM = '@flambeau/cuda-backend-linux-x64-gnu'
const scoped = (/** @type {string[]} */ names) => names.map((name) => `@flambeau/${name}`)
const say = (/** @type {string} */ text) => process.stdout.write(`${text}\n`)
const title = (/** @type {string} */ text) => say(`\n${text}\n${'─'.repeat(text.length)}`)
const done = (/** @type {string} */ text) => say(`  ✓ ${text}`)
const megabytes = (/** @type {number} */ bytes) => (bytes / 1e6).toFixed(1)

await runMain(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'flambeau-release-'))
  try {
    await check(folder)
    const out = process.argv.indexOf('--out')
    if (out >= 0) keepTarballs(folder, process.argv[out + 1] ?? 'tarballs')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return 0
})

/**
 * @param {string} from
 * @param {string} to
 */
function keepTarballs(from, to) {
  mkdirSync(to, { recursive: true })
  for (const name of readdirSync(from).filter((file) => file.endsWith('.tgz'))) {
    cpSync(join(from, name), join(to, name))
  }
  say(`\nthe tarballs are in ${to}`)
}

/** @param {string} folder */
async function check(folder) {
  if (!process.argv.includes('--no-build')) {
    await setup()
    const { stderr } = process
    const options = {
      verbose: process.argv.includes('--verbose'),
      progress: (/** @type {string} */ text) =>
        void (stderr.isTTY && stderr.write(`\r\u001b[K  ${text}`)),
    }
    await withLock(() => buildPlatform(options))
    if (findNvcc() !== null) await withLock(() => buildCudaPlatform(options))
    if (stderr.isTTY) stderr.write('\r\u001b[K')
  }

  title('Tarballs')
  const tarballs = await packAll(folder, onlySome())
  for (const tarball of tarballs) done(describeTarball(tarball))
  const { libraries, glibc } = checkAddon(processor.addon)
  done(`the addon needs glibc ${glibc} and ${libraries.join(', ')}`)
  const withCuda = tarballs.some(({ name }) => name === CUDA_PLATFORM)
  if (!withCuda) say(`  · without ${CUDA_PLATFORM}: it is built where nvcc is found`)

  // It is linked from other parts than the addon that the tests of a checkout run on.
  const tests = ['run', '--reporter=dot', 'src/testing/sweep.test.ts', 'src/ops/']
  const tested = await run('vitest', tests, {
    cwd: inRepo('packages/core'),
    env: { FLAMBEAU_NATIVE: processor.addon, NO_COLOR: '1' },
  })
  requireSuccess(tested, 'the published addon fails tests of core', 'run them with FLAMBEAU_NATIVE')
  const [, count] = /Tests\s+(\d+) passed/.exec(tested.output) ?? []
  done(`it passes core's tests of all operations (${count})`)

  const engines = await fetchEngines(join(folder, 'engines'))
  const { url, close } = await serveRegistry(tarballs)
  try {
    const names = importable(tarballs)
    const training = await checkSubsets(folder, url, names, withCuda)
    await checkTypes(training, { folder: join(folder, 'all'), wanted: names })
    await checkEngines(training, engines)
    await checkTools(folder, url, names)
    weigh(training)
  } finally {
    await close()
  }
}

/**
 * Installs subsets, looks at what came along, and runs a program in each.
 *
 * @param {string} folder
 * @param {string} url of the registry
 * @param {string[]} names of all packages
 * @param {boolean} withCuda is the addon of GPUs among them?
 * @returns {Promise<import('./lib/consumer.mjs').Consumer>} the one that has a training set-up
 */
async function checkSubsets(folder, url, names, withCuda) {
  title('Subsets')
  const make = (/** @type {string} */ name, /** @type {string[]} */ wanted) =>
    makeConsumer(join(folder, name), wanted, url)

  const core = await make('core', scoped(['core']))
  checkTree(core, { flambeau: [...core.wanted, PLATFORM] })
  const alone = installedNames(core).filter((name) => !name.startsWith('@flambeau/'))
  if (alone.length > 0)
    throw new StepError(`core brought ${alone.join(', ')}`, 'look at its dependencies')
  await runProgram(core, 'tensors.mjs', programs.tensors)
  done('core: tensors and LAPACK; nothing else was installed')

  const few = await make('few', scoped(['core', 'nn', 'optim']))
  checkTree(few, {
    flambeau: [...few.wanted, ...scoped(['autograd']), PLATFORM],
    without: ['sharp', 'csv-parse', 'commander'],
  })
  await runProgram(few, 'training.mjs', programs.trainingModule)
  await runProgram(few, 'libraries.mjs', programs.libraries(basicLibraries))
  done("core, nn, optim: training; no sharp, no models, no library but the system's basic ones")

  for (const name of names.filter((one) => one.endsWith('-models'))) {
    const models = await make(name.split('/')[1] ?? name, [name])
    checkTree(models, {
      flambeau: [name, ...scoped(['core', 'autograd', 'nn']), PLATFORM],
      without: ['sharp'],
    })
    await runProgram(models, 'imports.mjs', programs.imports([name]))
    done(`${name.replace('@flambeau/', '')}: nn, autograd, core, and no data`)
  }

  const parts = ['core', 'autograd', 'nn', 'optim', 'data', 'trainer']
  const training = await make('training', scoped(parts))
  checkTree(training, { flambeau: [...training.wanted, ...scoped(['tensorboard']), PLATFORM] })
  done(parts.join(', '))

  const all = await make('all', names)
  const platforms = withCuda ? [PLATFORM, CUDA_PLATFORM] : [PLATFORM]
  checkTree(all, { flambeau: [...names, ...platforms] })
  await runProgram(all, 'imports.mjs', programs.imports(names))
  done(`all ${names.length} packages, each imported`)
  if (withCuda) {
    await runProgram(all, 'cuda.mjs', programs.cudaAddon)
    done('the addon of GPUs is loaded, and works or says what is missing here')
  }

  const guide = readFileSync(inRepo('docs/guide/getting-started.md'), 'utf8')
  await runProgram(all, 'train.mjs', await programs.firstProgram(guide))
  const made = ['loss.png', 'moons.safetensors', 'moons.onnx', 'runs/moons']
  const missing = made.filter((name) => !existsSync(join(all.folder, name)))
  if (missing.length > 0) {
    throw new StepError(`the first program of the guide did not write ${missing.join(', ')}`, '')
  }
  done('the first program of the guide: network, picture, checkpoint, ONNX file, run for the board')
  return training
}

/**
 * @param {import('./lib/consumer.mjs').Consumer} training
 * @param {import('./lib/consumer.mjs').Consumer} all
 */
async function checkTypes(training, all) {
  title('Strict TypeScript')
  for (const resolution of /** @type {const} */ (['nodenext', 'bundler'])) {
    await withNodeTypes(training, () => compileTyped(training, resolution, programs.typed))
    done(`moduleResolution ${resolution}`)
  }
  const everything = programs.typedImports(all.wanted)
  await withNodeTypes(all, () => compileTyped(all, 'nodenext', everything))
  done('the declarations of all packages')
}

/**
 * Whoever writes for Node has its types; flambeau's declarations name some of them.
 *
 * @param {import('./lib/consumer.mjs').Consumer} consumer
 * @param {() => Promise<unknown>} body
 */
async function withNodeTypes(consumer, body) {
  const modules = join(consumer.folder, 'node_modules')
  const types = realpathSync(inRepo('packages/core/node_modules/@types/node'))
  mkdirSync(join(modules, '@types'), { recursive: true })
  cpSync(types, join(modules, '@types/node'), { recursive: true })
  const undici = realpathSync(join(types, '../../undici-types'))
  cpSync(undici, join(modules, 'undici-types'), { recursive: true })
  await body()
  for (const name of ['@types/node', 'undici-types']) {
    rmSync(join(modules, name), { recursive: true })
  }
}

/**
 * @param {import('./lib/consumer.mjs').Consumer} consumer
 * @param {import('./lib/engines.mjs').Engine[]} engines
 */
async function checkEngines(consumer, engines) {
  title('Engines')
  for (const { name, command, reason } of engines) {
    if (command === null) {
      say(`  · ${name} could not be had from npm: ${reason}`)
      continue
    }
    const options = { engine: command }
    await runProgram(consumer, 'tensors.mjs', programs.tensors, options)
    await runProgram(consumer, 'memory.mjs', programs.memory, options)
    await runProgram(consumer, 'data.mjs', programs.withData, options)
    await runProgram(consumer, 'trainer.mjs', programs.withTrainer, options)
    await runProgram(consumer, 'training.mjs', programs.trainingModule, options)
    await runProgram(consumer, 'training.cjs', programs.trainingCommonJs, options)
    await runProgram(consumer, 'import.cjs', programs.trainingImport, options)
    done(
      `${name}: ES module, require(), import() in CommonJS, data with sharp and workers, fit, flat memory`,
    )
  }
  if (engines.every(({ command }) => command === null)) {
    throw new StepError('no engine could be had', 'check that npm reaches its registry')
  }
}

/**
 * The programs that packages bring, and what a core without its addon says.
 *
 * @param {string} folder
 * @param {string} url of the registry
 * @param {string[]} names of all packages
 */
async function checkTools(folder, url, names) {
  title('Programs')
  const all = { folder: join(folder, 'all'), wanted: names }
  const doctor = 'node_modules/@flambeau/core/bin/flambeau-doctor.js'
  const start = (/** @type {string} */ file, /** @type {string[]} */ args) =>
    `process.argv = [process.argv[0], ${JSON.stringify(file)}, ...${JSON.stringify(args)}]\nawait import(${JSON.stringify(`./${file}`)})`
  const report = JSON.parse(await runProgram(all, 'doctor.mjs', start(doctor, ['--json'])))
  if (!report.works || report.native.place.kind !== 'package') {
    throw new StepError('flambeau-doctor does not find the addon of the package', 'run it there')
  }
  done(`flambeau-doctor: ready, ${report.native.trial.about.onednnIsa} by oneDNN`)
  for (const name of names) {
    const { bin = {} } = readJson(join(all.folder, 'node_modules', name, 'package.json'))
    for (const [program, path] of Object.entries(bin)) {
      const file = join('node_modules', name, path)
      await runProgram(all, 'help.mjs', start(file, ['--help']))
      done(`${program} --help`)
    }
  }

  const bare = await makeConsumer(join(folder, 'bare'), scoped(['core']), url, ['--omit=optional'])
  checkTree(bare, { flambeau: bare.wanted })
  const said = await runProgram(bare, 'bare.mjs', programs.withoutAddon, { fails: true })
  for (const words of ['is not installed', 'npx flambeau-build', 'npx flambeau-doctor']) {
    if (!said.includes(words)) {
      throw new StepError(
        `without its addon, core does not say '${words}'\n${said}`,
        'native-file.ts',
      )
    }
  }
  const diagnosis = await runProgram(bare, 'doctor.mjs', start(doctor, []), { fails: true })
  if (!diagnosis.includes('cannot run here')) {
    throw new StepError(`flambeau-doctor does not see that the addon is missing\n${diagnosis}`, '')
  }
  done('core without its addon says what is missing, and so does flambeau-doctor')
}

/** @param {import('./lib/consumer.mjs').Consumer} consumer */
function weigh(consumer) {
  title('Size of a training set-up, as npm installs it (MB, 10⁶ bytes)')
  const modules = join(consumer.folder, 'node_modules')
  const weights = installedNames(consumer)
    .map((name) => ({ name, bytes: sizeOf(join(modules, name)) }))
    .toSorted((a, b) => b.bytes - a.bytes)
  const total = sizeOf(modules)
  const shown = weights.filter(({ bytes }) => bytes >= 1e5)
  const width = Math.max(...shown.map(({ name }) => name.length))
  for (const { name, bytes } of shown) {
    say(`  ${name.padEnd(width)}  ${megabytes(bytes).padStart(5)}`)
  }
  const rest = total - shown.reduce((sum, { bytes }) => sum + bytes, 0)
  say(`  ${`${weights.length - shown.length} more`.padEnd(width)}  ${megabytes(rest).padStart(5)}`)
  say(`  ${'total'.padEnd(width)}  ${megabytes(total).padStart(5)} of ${megabytes(BUDGET)}`)
  if (total > BUDGET) {
    throw new StepError(
      `a training set-up weighs ${megabytes(total)} MB, more than ${megabytes(BUDGET)}`,
      'look at the table: what grew?',
    )
  }
}
