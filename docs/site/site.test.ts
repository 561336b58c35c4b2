import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { describe, expect, test } from 'vitest'
import { composeSite } from './compose.ts'
import { rewriteLinks } from './links.ts'
import { llmsText } from './llms.ts'
import { coursePrograms, root } from './pages.ts'

const site = composeSite()
const { pages, sidebar } = site
const listed = [...sidebar.sections, ...sidebar.course, ...sidebar.reference].flatMap((group) =>
  group.pages.map(({ to }) => to),
)

/** Text without code. */
const prose = (text: string): string =>
  text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '').replaceAll(/`[^`\n]*`/g, '')

/** Relative links of a page, resolved. */
const linksOf = (page: string, text: string): string[] =>
  [...prose(text).matchAll(/\]\((\.[^()\s]+)\)/g)].map(([, target = '']) =>
    join(dirname(page), target),
  )

describe('the site', () => {
  test('has every page that the sidebar lists, and lists every page once', () => {
    expect(listed.filter((page) => !pages.has(page))).toEqual([])
    expect([...pages.keys()].filter((page) => !listed.includes(page)).sort()).toEqual([
      'index.md',
      'reference/index.md',
    ])
    expect(new Set(listed).size).toBe(listed.length)
  })

  test('has every guide, package and program', () => {
    for (const name of readdirSync(join(root, 'docs/guide')))
      expect(listed).toContain(`guide/${name}`)
    for (const name of readdirSync(join(root, 'packages'))) {
      expect(listed).toContain(`packages/${name}.md`)
    }
    for (const name of readdirSync(join(root, 'docs')).filter((one) => one.endsWith('.md'))) {
      expect(listed).toContain(`project/${name}`)
    }
    for (const name of readdirSync(join(root, 'docs/decisions'))) {
      expect(listed).toContain(`decisions/${name}`)
    }
    expect(coursePrograms().length).toBeGreaterThanOrEqual(70)
  })

  test('links only to pages, headings and pictures that are there', () => {
    const targets = new Set([...pages.keys(), ...site.pictures.values()])
    const dead: string[] = []
    for (const [page, text] of pages) {
      for (const link of linksOf(page, text)) {
        const [path = '', anchor] = link.split('#')
        if (!targets.has(path)) dead.push(`${page}: ${link}`)
        else if (anchor !== undefined && path.startsWith('reference/')) {
          if (!pages.get(path)?.includes(`{#${anchor}}`)) dead.push(`${page}: ${link}`)
        }
      }
    }
    expect(dead).toEqual([])
  })

  test('names of PyTorch lead to what stands for them', () => {
    const row = (name: string): unknown => site.rows.find(({ torch }) => torch === name)
    expect(row('torch.zeros_like')).toMatchObject({ ours: 'zerosLike', package: 'core' })
    expect(row('torch.Tensor.index_add_')).toMatchObject({ ours: 'x.indexAdd_' })
    expect(row('torch.nn.Conv2d')).toMatchObject({ ours: 'Conv2d', package: 'nn' })
    expect(row('torch.nn.functional.cross_entropy')).toMatchObject({
      ours: 'functional.crossEntropy',
    })
    for (const { link } of site.rows) {
      if (link === null) continue
      const [path = '', anchor = ''] = join('guide', link).replace('.html', '.md').split('#')
      expect(pages.get(path)).toContain(anchor === '' ? '# ' : `{#${anchor}}`)
    }
    expect(site.rows.length).toBeGreaterThan(1300)
  })

  test('llms.txt lists pages that are there', () => {
    const links = linksOf('llms.txt', llmsText(site))
    expect(links.length).toBeGreaterThan(100)
    expect(links.filter((link) => !pages.has(link))).toEqual([])
  })
})

describe('the reference', () => {
  test('shows signatures without bodies, comments, and members', () => {
    const text = pages.get('reference/nn/layers-linear.md') ?? ''
    expect(text).toMatch(/## Linear \{#Linear\}\n\n```ts\nclass Linear extends Module/)
    expect(text).toContain('forward(input: Tensor): Tensor\n')
    expect(text).toContain('PyTorch’s `torch.nn.Linear`')
    expect(text).not.toContain('@see')
    expect(text).not.toContain('#private')
  })

  test('has a function by itself where it is exported with an out parameter', () => {
    const text = [...pages.values()].find((page) => page.includes('## ones {#ones}')) ?? ''
    expect(text).toContain('A tensor of ones.')
    expect(text).toContain('{ out }')
  })

  test('has all methods of tensors', () => {
    const text = pages.get('reference/core/methods.md') ?? ''
    for (const name of ['relu(', 'sum(', 'backward(', 'setAt(']) expect(text).toContain(`\n${name}`)
  })
})

describe('links of a file', () => {
  const pictures: string[] = []
  const context = {
    root,
    pages: new Map([
      ['docs/performance.md', 'project/performance.md'],
      ['packages/nn/README.md', 'packages/nn.md'],
    ]),
    picture: (path: string) => {
      pictures.push(path)
      return 'pictures/one.png'
    },
  }
  const rewrite = (text: string): string =>
    rewriteLinks(text, 'docs/guide/speed.md', 'guide/speed.md', context)

  test('lead to pages, and become text where there is none', () => {
    expect(rewrite('[a](../performance.md#how) [b](../../packages/nn)')).toBe(
      '[a](../project/performance.md#how) [b](../packages/nn.md)',
    )
    expect(rewrite('[the licence](../../LICENSE), [x](https://a.b)')).toBe(
      'the licence, [x](https://a.b)',
    )
    expect(rewrite('```md\n[a](nowhere.md)\n```')).toBe('```md\n[a](nowhere.md)\n```')
  })

  test('to pictures bring them along', () => {
    expect(rewrite('![b](../pictures/board.png)')).toBe('![b](../pictures/one.png)')
    expect(pictures).toEqual(['docs/pictures/board.png'])
  })

  test('that lead nowhere are refused', () => {
    expect(() => rewrite('[a](nowhere.md)')).toThrow('docs/guide/speed.md: nothing at nowhere.md')
  })
})
