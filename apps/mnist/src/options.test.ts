import { describe, expect, test } from 'vitest'
import type { Options } from './options.ts'
import { program } from './options.ts'

/** What a command line asks for, and what the program said. */
async function read(...args: string[]): Promise<{ options: Options | undefined; said: string }> {
  let options: Options | undefined
  const said: string[] = []
  const mnist = program(
    (text) => void said.push(text),
    async (given) => void (options = given),
  ).configureOutput({ writeErr: () => {} })
  try {
    await mnist.parseAsync(args, { from: 'user' })
  } catch (error) {
    said.push((error as Error).message)
  }
  return { options, said: said.join('\n') }
}

describe('the command line', () => {
  test('has the defaults of the model', async () => {
    expect((await read()).options).toMatchObject({
      model: 'cnn',
      epochs: 3,
      seed: 0,
      resume: false,
      out: 'runs/mnist',
    })
    expect((await read('--model', 'mlp')).options).toMatchObject({ model: 'mlp', epochs: 10 })
  })

  test('takes numbers where they make sense', async () => {
    const args = '--epochs 2 --batch-size 64 --lr 1e-2 --seed 7 --threads 1 --device cpu'
    expect((await read(...args.split(' '))).options).toMatchObject({
      ...{ epochs: 2, batchSize: 64, lr: 0.01, seed: 7, threads: 1 },
    })
  })

  test.each([
    [['--epochs', '0'], /'--epochs <n>' argument '0' is invalid. It must be a whole number from 1/],
    [['--lr', 'fast'], /'fast' is invalid. It must be a number above 0/],
    [['--seed', '-1'], /seed/],
    [['--model', 'gpt'], /'gpt' is invalid. Allowed choices are .*cnn/],
    [['--colour'], /unknown option '--colour'/],
    [['--device', 'tpu'], /there is no device "tpu"/],
  ])('says what is wrong with %j', async (args, message) => {
    const { options, said } = await read(...args)
    expect(options).toBeUndefined()
    expect(said).toMatch(message)
  })

  test('explains itself', async () => {
    const { options, said } = await read('--help')
    expect(options).toBeUndefined()
    expect(said).toContain('--resume')
    expect(said).toContain('linear')
  })
})
