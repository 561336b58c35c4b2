/** The settings of VitePress. This folder is copied beside the composed pages. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitepress'
import type { DefaultTheme } from 'vitepress'

interface Item {
  title: string
  to: string
}

interface Group {
  title: string
  pages: Item[]
}

const lists = JSON.parse(readFileSync(join(import.meta.dirname, '../sidebar.json'), 'utf8')) as {
  sections: Group[]
  course: Group[]
  reference: Group[]
}

const item = ({ title, to }: Item): DefaultTheme.SidebarItem => ({
  text: title,
  link: `/${to.replace(/(index)?\.md$/, '')}`,
})

const group = ({ title, pages }: Group, collapsed: boolean): DefaultTheme.SidebarItem => ({
  text: title,
  collapsed,
  items: pages.map(item),
})

const [guide, course, ...others] = lists.sections.map((one) =>
  group(one, one.title === 'Decisions'),
)
const main = [guide, ...others].filter((one) => one !== undefined)
const lessons = [course, ...lists.course.map((one) => group(one, false))].filter(
  (one) => one !== undefined,
)

// Of one package only: the list of all modules would be in every page.
const references = lists.reference.map((one): [string, DefaultTheme.SidebarItem[]] => [
  `/reference/${one.title}/`,
  [{ text: 'All packages', link: '/reference/' }, group(one, false)],
])

// oxlint-disable-next-line import/no-default-export -- VitePress wants it so
export default defineConfig({
  title: 'flambeau',
  description: 'Deep learning for TypeScript, as you know it from PyTorch',
  lang: 'en',
  // Copies for llms.txt.
  srcExclude: ['public/**'],
  cleanUrls: false,
  lastUpdated: false,
  metaChunk: true,
  markdown: { theme: { light: 'github-light', dark: 'github-dark' } },
  themeConfig: {
    nav: [
      { text: 'Guide', link: '/guide/getting-started' },
      { text: 'From PyTorch', link: '/guide/from-pytorch' },
      { text: 'Course', link: '/course/' },
      { text: 'Reference', link: '/reference/' },
      { text: 'Performance', link: '/project/performance' },
    ],
    sidebar: {
      '/': main,
      '/course/': lessons,
      ...Object.fromEntries(references),
      '/reference/': lists.reference.map(({ title }) => ({
        text: title,
        link: `/reference/${title}/`,
      })),
    },
    outline: { level: [2, 3] },
    search: {
      provider: 'local',
      options: {
        miniSearch: { searchOptions: { boost: { title: 4, titles: 2, text: 1 } } },
      },
    },
  },
})
