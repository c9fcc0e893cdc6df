/** Phrases of the simulator's answers in one language; `{quote}` is an excerpt of the prompt. */
export type Phrases = {
  readonly openings: readonly string[];
  readonly sentences: readonly string[];
  readonly thoughtOpenings: readonly string[];
  readonly thoughts: readonly string[];
  readonly afterTool: string;
  readonly clarify: string;
  readonly place: string;
  readonly word: string;
};

/** Sentences in Chinese and English; any order reads as a generic answer. */
export const PHRASES: Readonly<Record<'zh' | 'en', Phrases>> = {
  zh: {
    openings: [
      '关于“{quote}”，可以从几个方面来看。',
      '您问的是“{quote}”，下面给出简要的回答。',
      '针对“{quote}”，先说结论，再说理由。',
      '“{quote}”这个问题很常见，要点如下。',
    ],
    sentences: [
      '首先要明确目标，再选择合适的方法。',
      '最直接的做法是把问题拆成几个小步骤，逐一核对。',
      '其次要注意数据的来源和时间，避免使用过期的信息。',
      '在多数情况下，简单的方案比复杂的方案更可靠。',
      '如果预算有限，可以先做小规模的试验，再决定是否推广。',
      '需要说明的是，不同地区和行业的情况并不相同。',
      '从长期来看，持续改进比一次做到完美更重要。',
      '建议把过程记录下来，方便以后复查和比较。',
      '另外，团队之间的沟通往往决定最后的效果。',
      '遇到例外情况时，应当先保证安全，再追求效率。',
      '这样做的好处是成本低、见效快，缺点是覆盖面有限。',
      '综合以上几点，可以先从最容易的部分开始。',
    ],
    thoughtOpenings: ['用户问的是“{quote}”。', '先看题目：“{quote}”。', '这里需要回答“{quote}”。'],
    thoughts: [
      '我先确认问题的范围，再整理已知的条件。',
      '这里可能有两种理解，先取最常见的一种。',
      '需要检查有没有遗漏的前提。',
      '把要点按重要程度排列，回答会更清楚。',
      '结论应当放在前面，理由放在后面。',
      '再核对一遍，没有发现矛盾之处。',
    ],
    afterTool: '根据查询结果（{quote}），回答如下。',
    clarify: '在开始研究“{quote}”之前，请确认三点：研究的范围、时间段，以及希望的报告篇幅。',
    place: '杭州市',
    word: '示例',
  },
  en: {
    openings: [
      'On "{quote}", there are a few points to consider.',
      'You asked about "{quote}"; here is a short answer.',
      'Regarding "{quote}", the conclusion comes first and the reasons follow.',
      'The question "{quote}" is a common one, and the main points are these.',
    ],
    sentences: [
      ' Begin by making the goal clear, then choose a method that fits it.',
      ' The most direct way is to break the problem into small steps and check each one.',
      ' Look at where the data comes from and how old it is before relying on it.',
      ' In most cases a simple approach is more reliable than a clever one.',
      ' If the budget is tight, run a small trial first and decide afterwards.',
      ' Keep in mind that conditions differ between regions and industries.',
      ' In the long run, steady improvement matters more than a perfect first attempt.',
      ' It helps to write the process down so that it can be reviewed and compared later.',
      ' Communication between teams often decides how well it works in the end.',
      ' When something unusual happens, put safety first and speed second.',
      ' The benefit is low cost and quick results; the drawback is limited coverage.',
      ' Taken together, it is sensible to start with the easiest part.',
    ],
    thoughtOpenings: [
      'The user asks: "{quote}".',
      'Let me look at the question "{quote}".',
      'I need to answer "{quote}".',
    ],
    thoughts: [
      ' First I should settle the scope and list what is known.',
      ' There may be two readings here; the common one is the better start.',
      ' I should check whether a condition is missing.',
      ' Ordering the points by importance will make the answer clearer.',
      ' The conclusion should come first and the reasons after it.',
      ' Checking once more, nothing contradicts this.',
    ],
    afterTool: 'According to the result ({quote}), the answer is as follows.',
    clarify:
      'Before I start the research on "{quote}", please confirm three things: its scope, the period it covers, and how long the report should be.',
    place: 'Hangzhou',
    word: 'example',
  },
};

/** The language to answer a text in: Chinese if it contains a Chinese character, else English. */
export function languageOf(text: string): 'zh' | 'en' {
  return /[\u4e00-\u9fff]/.test(text) ? 'zh' : 'en';
}

/** The beginning of a text on one line, at most `characters` long, never half a surrogate pair. */
export function quoteFrom(text: string, characters: number): string {
  const head = text
    .slice(0, characters * 4)
    .replace(/\s+/g, ' ')
    .trim();
  const all = Array.from(head);
  return all.length <= characters ? head : `${all.slice(0, characters).join('').trim()}…`;
}
