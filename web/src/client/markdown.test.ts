// @vitest-environment jsdom
// DOMPurify vouches for jsdom and for browsers, not for other imitations.

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { type MentionNames, plainText, renderMarkdown } from "./markdown";

const names: MentionNames = {
  user: (id) => (id === "1" ? "Ada" : id === "66" ? "<img src=x onerror=alert(1)>" : null),
  role: (id) => (id === "5" ? { name: "Captains", hue: 3 } : null),
  channel: (id) => (id === "7" ? "general" : null),
  isMe: (kind, id) => kind === "everyone" || id === "1",
};
const html = (source: string) => renderMarkdown(source, names).trim();

describe("what people write", () => {
  test.each([
    ["plain", "<p>plain</p>"],
    ["one\ntwo", "<p>one<br>\ntwo</p>"],
    ["**b** *i* _i_ __u__ ~~s~~", "<p><strong>b</strong> <em>i</em> <em>i</em> <u>u</u> <s>s</s></p>"],
    ["__**both**__", "<p><u><strong>both</strong></u></p>"],
    ["a ||secret **x**|| b", '<p>a <span class="spoiler" role="button" tabindex="0" data-spoiler="">secret <strong>x</strong></span> b</p>'],
    ["||||", "<p>||||</p>"],
    ["`a **b**`", "<p><code>a **b**</code></p>"],
    ["```ts\nlet a = 1 < 2;\n```", '<pre><code class="language-ts">let a = 1 &lt; 2;</code></pre>'],
    ["```\n<@1>\n```", "<pre><code>&lt;@1&gt;</code></pre>"],
    ["# big\n#### four", '<h4 class="heading-1">big</h4><p>#### four</p>'],
    ["> quoted\nnot", "<blockquote>\n<p>quoted</p>\n</blockquote>\n<p>not</p>"],
    [">>> a\nb", "<blockquote>\n<p>a<br>\nb</p>\n</blockquote>"],
    ["- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"],
    ["3. a", '<ol start="3">\n<li>a</li>\n</ol>'],
    ["\\*not\\*", "<p>*not*</p>"],
    ["a < b && c > d", "<p>a &lt; b &amp;&amp; c &gt; d</p>"],
    ["&amp; &lt;", "<p>&amp;amp; &amp;lt;</p>"],
    ["    indented", "<p>indented</p>"],
    ["---", "<p>---</p>"],
    ["| a | b |\n|---|---|", "<p>| a | b |<br>\n|---|---|</p>"],
    ["<:wave:123>", "<p>:wave:</p>"],
  ])("%s", (source, expected) => {
    expect(html(source)).toBe(expected);
  });

  test("links open elsewhere and tell nothing of us", () => {
    const link = '<a href="https://example.org/a?b=1" target="_blank" rel="noopener noreferrer nofollow">';
    expect(html("see https://example.org/a?b=1.")).toBe(`<p>see ${link}https://example.org/a?b=1</a>.</p>`);
    expect(html("[text](https://example.org/a?b=1)")).toBe(`<p>${link}text</a></p>`);
    expect(html("<https://example.org/a?b=1>")).toContain(link);
    expect(html("example.org a@b.c")).toBe("<p>example.org a@b.c</p>");
  });

  test("mentions carry ids and names, and mark the reader", () => {
    expect(html("hi <@1>!")).toBe('<p>hi <a class="mention mention-me" role="link" tabindex="0" data-user="1">@Ada</a>!</p>');
    expect(html("<@!9><@&5> <#7>")).toBe(
      '<p><a class="mention" role="link" tabindex="0" data-user="9">@9</a><a class="mention" role="link" tabindex="0" data-role="5" data-hue="3">@Captains</a> <a class="mention" role="link" tabindex="0" data-channel="7">#general</a></p>',
    );
    expect(html("@everyone, @everyones")).toBe('<p><span class="mention mention-me">@everyone</span>, @everyones</p>');
    expect(html("**<@1>** ||<@1>||")).toMatch(/<strong><a class="mention.*<span class="spoiler".*<a class="mention/);
  });

  test("a link to nowhere stays as it was written", () => {
    expect(html("[]()")).toBe("<p>[]()</p>");
    expect(html("[x]() [y](https://e.org)")).toContain("<p>[x]() <a ");
  });

  test("plain text keeps the words and hides spoilers", () => {
    expect(plainText("**hi** <@1>\n> ||no|| [x](https://e.org) `c`", names)).toBe("hi @Ada ▮▮▮ x c");
  });
});

/** Nothing in the page's tree may run, fetch or reach out of the message. */
function expectHarmless(source: string): void {
  const box = document.createElement("div");
  box.innerHTML = renderMarkdown(source, names);
  for (const element of box.querySelectorAll("*")) {
    expect(["P", "BR", "STRONG", "EM", "U", "S", "CODE", "PRE", "BLOCKQUOTE", "UL", "OL", "LI", "A", "SPAN", "H4", "H5", "H6"]).toContain(element.tagName);
    for (const { name, value } of element.attributes) {
      expect(["href", "target", "rel", "class", "start", "role", "tabindex", "data-user", "data-role", "data-channel", "data-spoiler", "data-hue"]).toContain(name);
      if (name === "href") expect(value).toMatch(/^(https?:\/\/|mailto:)/i);
    }
  }
}

describe("hostile messages", () => {
  test.each([
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](vbscript:msgbox(1))",
    "[x](//evil.example)",
    "[x](/api/auth/logout)",
    "<javascript:alert(1)>",
    "<data:text/html,x>",
    '[x](https://e.org/" onmouseover="alert(1))',
    "[x](https://e.org 'a\" onmouseover=\"alert(1)')",
    "![x](https://e.org/track.png)",
    "![x](x\"onerror=\"alert(1))",
    "```\"><script>alert(1)</script>\nx\n```",
    "```x\" onclick=\"alert(1)\ny\n```",
    "`<img src=x onerror=alert(1)>`",
    "||<img src=x onerror=alert(1)>||",
    "<@66>",
    "<@1\" onclick=\"alert(1)>",
    "[a]: javascript:alert(1)\n\n[a]",
    "<style>*{background:url(https://e.org)}</style>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<x-y autofocus onfocus=alert(1) tabindex=1>",
    "\u0000<scr\u0000ipt>alert(1)</scr\u0000ipt>",
    "https://e.org/<script>alert(1)</script>",
    "https://e.org/?a='onclick='alert(1)",
    "# <b onclick=alert(1)>x",
    "> <details open ontoggle=alert(1)>",
    "- [x](javascript&colon;alert(1))",
    "<form action=https://e.org><input name=password>",
    "<base href=https://e.org>",
    "<meta http-equiv=refresh content='0;url=https://e.org'>",
    "<a name=cookie id=getElementById>x</a>",
  ])("%s", expectHarmless);

  test("whatever is put together from dangerous pieces", () => {
    const pieces = ["<", ">", "\"", "'", "`", "```", "||", "**", "__", "[", "](", ")", "javascript:", "https://e.org", "<img src=x onerror=alert(1)>", "<@1>", "<@&5>", "<#7>", "\n", "\n> ", "- ", "# ", "&lt;", "&#x3c;", "\\", " ", "x", "\u0000", "<!--", "-->", "]]>", "data:"];
    fc.assert(fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 14 }), (parts) => expectHarmless(parts.join(""))), { numRuns: 500 });
  });

  test.each([
    ["[", 4_000],
    ["||", 2_000],
    ["*a ", 1_300],
    ["> ", 2_000],
    ["`", 4_000],
    ["<@", 2_000],
    ["- ", 2_000],
    ["https://", 500],
    ["||a", 1_300],
  ])("%s, repeated, is read in less than two seconds and harmless", (piece, times) => {
    const started = performance.now();
    plainText(piece.repeat(times), names);
    expect(performance.now() - started).toBeLessThan(2_000);
    expectHarmless(piece.repeat(times));
  });
});
