// The tests themselves; page.py starts what they run on. One line a test: ok NAME, not ok NAME: why.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { chromium } from "playwright-core";

const { HARK_BINARY, HARK_URL, HARK_REDIS_URL, HARK_REDIS_SOCKET, HARK_CHROMIUM, HARK_SHOTS, HARK_WORK, HARK_SERVER, HARK_AXE } = process.env;
const VIEWS = ["/", "/brand/fallow-harbour", "/alerts", "/rules", "/sources"];
const AXE = readFileSync(HARK_AXE, "utf8");

const browser = await chromium.launch({ executablePath: HARK_CHROMIUM,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });

const redis = (...words) => JSON.parse(execFileSync("redis-cli", ["-3", "--json", "-s", HARK_REDIS_SOCKET, ...words], { encoding: "utf8" }));
const number = (text) => Number(text.replace(/[^0-9]/g, ""));
function equal(got, want, what) {
  if (JSON.stringify(got) !== JSON.stringify(want)) throw new Error(`${what}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}
function check(good, what) {
  if (!good) throw new Error(what);
}

let posted = 0;
function post(fields) {
  const path = `${HARK_WORK}/post-${++posted}.ndjson`;
  writeFileSync(path, JSON.stringify({ schema: "hark.post/1", id: `page-${posted}`, source: "bluesky", op: "create", time: "2026-11-20T15:29:59Z", lang: ["en"], ...fields }) + "\n");
  execFileSync(HARK_BINARY, ["run", "--rules", "rules", "--redis", HARK_REDIS_URL, `file:${path}`], { stdio: "ignore" });
}

// A page of its own; fails where the page says anything to the console.
async function open(view, options, body) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options }), page = await context.newPage(), said = [];
  page.setDefaultTimeout(60000);
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && said.push(message.text()));
  page.on("pageerror", (error) => said.push(error.message));
  page.on("dialog", (dialog) => (said.push(`dialog ${dialog.message()}`), dialog.dismiss()));
  try {
    await page.goto(`${HARK_URL}#${view}`);
    await page.waitForSelector("main h1");
    await page.waitForFunction(() => !document.querySelector("main[aria-busy]"));
    await body(page);
    equal(said, [], "the page said");
  } finally {
    await context.close();
  }
}

const tests = {
  async numbers_on_the_overview_are_those_in_redis() {
    await open("/", {}, async (page) => {
      const rows = await page.$$eval("main table.wide tbody tr", (list) => list.map((row) => [row.children[0].textContent, row.children[1].textContent]));
      const brands = redis("SMEMBERS", "hark:brands");
      equal(rows.length, brands.length, "brands");
      for (const [brand, n] of rows) equal(number(n), Number(redis("HGET", `hark:count:${brand}:mention:day:2026`, "11-20")), brand);
      equal(number(await page.textContent("#today")), rows.reduce((sum, row) => sum + number(row[1]), 0), "all");
    });
  },

  async numbers_of_a_brand_are_those_in_redis() {
    await open("/brand/quillon", {}, async (page) => {
      const total = redis("HGETALL", "hark:total:quillon");
      equal(number((await page.textContent("#brand-total"))), Number(total.mention), "total");
      const legend = await page.$$eval(".toggles button", (list) => list.map((one) => [one.dataset.intent, one.querySelector(".num").textContent]));
      for (const [intent, n] of legend) equal(number(n), Number(total[intent]), intent);
      equal(legend.length, Object.keys(total).length - 1, "intents");
      const langs = await page.$$eval("section[aria-label=Languages] tbody tr", (list) => list.map((row) => Number(row.children[2].textContent)));
      equal(langs, Object.values(redis("HGETALL", "hark:by:lang:quillon:mention:2026-11-20")).map(Number).sort((a, b) => b - a), "languages");
      await page.click("summary");
      const table = await page.$$eval("details tbody tr", (list) => list.map((row) => Number(row.children[1].textContent)));
      equal(table.reduce((sum, n) => sum + n, 0), Number(total.mention), "the chart's table");
    });
  },

  async a_new_post_appears_by_itself() {
    await open("/", {}, async (page) => {
      const before = number(await page.textContent("#today"));
      await page.waitForSelector(".status.good");
      post({ text: "I really want the #Quillon in green" });
      const started = Date.now();
      await page.waitForFunction((n) => Number(document.querySelector("#today").textContent.replace(/\D/g, "")) === n, before + 1, { timeout: 60000 });
      await page.waitForFunction(() => document.querySelector(".posts").textContent.includes("Quillon in green"), null, { timeout: 60000 });
      console.log(`   shown ${Date.now() - started} ms after hark run had ended`);
    });
  },

  async a_bar_leads_to_its_posts() {
    await open("/brand/fallow-harbour", {}, async (page) => {
      const bars = await page.$$(".bar"), labels = await page.$$eval(".bar", (list) => list.map((bar) => bar.getAttribute("aria-label")));
      const at = labels.findIndex((label) => / 13:00/.test(label));
      check(at >= 0, `no bar at 13:00 in ${labels.slice(0, 3)}`);
      await bars[at].dispatchEvent("click");
      await page.waitForFunction(() => document.querySelector("#posts-title").textContent !== "Posts");
      const shown = await page.$$eval("section[aria-labelledby=posts-title] .post time", (list) => list.map((one) => one.getAttribute("datetime")));
      const [, from, to] = /(\d\d:\d\d)–(\d\d:\d\d)/.exec(await page.textContent("#posts-title"));
      check(shown.length > 0, "no posts");
      for (const time of shown) check(time.slice(11, 16) >= from && time.slice(11, 16) < to, `${time} is not in ${from}–${to}`);
      const all = redis("ZCOUNT", "hark:posts:fallow-harbour:mention:2026-11-20", String(Date.parse(`2026-11-20T${from}:00Z`)), String(Date.parse(`2026-11-20T${to}:00Z`) - 1));
      equal(shown.length, Math.min(20, all), "posts");
      equal(number(labels[at].split(" · ")[0].split(":").pop()), all, "the bar's number");
      const links = await page.$$eval("main a.open", (list) => list.map((link) => [link.rel, link.protocol]));
      check(links.length > 0 && links.every(([rel, protocol]) => rel === "noopener nofollow noreferrer" && /^https?:$/.test(protocol)), JSON.stringify(links[0]));
    });
  },

  async all_goes_by_keyboard() {
    await open("/", {}, async (page) => {
      const tabTo = async (wanted) => {
        for (let i = 0; i < 60; i++) {
          await page.keyboard.press("Tab");
          if (await page.evaluate((selector) => document.activeElement.matches(selector), wanted)) return;
        }
        throw new Error(`Tab does not reach ${wanted}`);
      };
      await tabTo("main th a[href='#/brand/fallow-harbour']");
      await page.keyboard.press("Enter");
      await page.waitForSelector(".bar");
      await page.waitForFunction(() => !document.querySelector("main[aria-busy]"));
      equal(await page.evaluate(() => document.activeElement.textContent), "fallow-harbour", "focus after a change of view");
      await tabTo(".bar");
      await page.keyboard.press("End");
      const last = await page.textContent(".readout");
      await page.keyboard.press("ArrowLeft");
      check((await page.textContent(".readout")) !== last, "ArrowLeft moves");
      for (let i = 0; i < 100 && !/ · /.test(await page.textContent(".readout")); i++) await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => document.activeElement.id === "posts-title");
      check(/, \d\d:\d\d–/.test(await page.textContent("#posts-title")), "posts of the bar");
      await tabTo("select");
      await page.keyboard.press("w");
      await page.waitForFunction(() => /intent=want/.test(location.hash));
    });
  },

  async the_focus_stays_where_it_is_when_news_come() {
    await open("/", {}, async (page) => {
      await page.waitForSelector(".status.good");
      const link = "main th a[href='#/brand/kettlewick']", before = await page.textContent("#today");
      await page.focus(link);
      const old = await page.$(link);
      post({ text: "I really want the #Quillon in blue" });
      await page.waitForFunction((n) => document.querySelector("#today").textContent !== n, before);
      await page.waitForFunction((one) => !one.isConnected, old); // the table was made anew
      check(await page.evaluate((selector) => document.activeElement.matches(selector), link), "the focus");
    });
  },

  async dragging_zooms_and_zooms_out() {
    await open("/brand/fallow-harbour", {}, async (page) => {
      const before = await page.$$eval(".bar", (list) => list.length), box = await (await page.$(".chart svg")).boundingBox();
      await page.mouse.move(box.x + box.width * 0.75, box.y + 100);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.95, box.y + 100, { steps: 5 });
      await page.mouse.up();
      await page.waitForFunction(() => /from=/.test(location.hash));
      await page.getByRole("button", { name: "Zoom out" }).click();
      await page.waitForFunction((n) => document.querySelectorAll(".bar").length === n, before);
    });
  },

  async nothing_is_wider_than_a_phone() {
    for (const view of VIEWS)
      await open(view, { viewport: { width: 360, height: 740 }, hasTouch: true }, async (page) => {
        equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, `width of ${view}`);
        await page.screenshot({ path: `${HARK_SHOTS}/360${view.replaceAll("/", "-")}.png`, fullPage: view === "/" });
      });
  },

  async light_and_dark_pass_axe() {
    for (const colorScheme of ["light", "dark"])
      for (const view of VIEWS)
        await open(view, { colorScheme }, async (page) => {
          await page.evaluate(AXE);
          const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
          const bad = violations.filter((one) => ["serious", "critical"].includes(one.impact)).map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(" | ")}`);
          await page.screenshot({ path: `${HARK_SHOTS}/${colorScheme}${view.replaceAll("/", "-")}.png` });
          equal(bad, [], `${view} in ${colorScheme}`);
          const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number));
          check(colorScheme === "dark" ? ground[0] < 60 : ground[0] > 200, `background ${ground}`);
        });
  },

  async every_chart_has_its_table() {
    const hours = redis("HGETALL", "hark:count:kettlewick:mention:hour:2026-11");
    await open("/", {}, async (page) => {
      await page.click("section[aria-label=Brands] summary");
      const names = await page.$$eval("section[aria-label=Brands] details thead th", (list) => list.map((one) => one.textContent));
      const row = await page.$$eval("section[aria-label=Brands] details tbody tr", (list) => [...list.find((one) => one.children[0].textContent === "kettlewick").children].map((one) => one.textContent));
      for (const [hour, n] of Object.entries(hours)) equal(number(row[names.indexOf(`${hour.slice(3)}:00`)]), Number(n), hour);
      equal(row.slice(1).reduce((sum, n) => sum + number(n), 0), Object.values(hours).reduce((sum, n) => sum + Number(n), 0), "all hours");
    });
    for (const [view, count] of [["/rules", "section[aria-label=Brands]"], ["/sources", "section[aria-label='Posts by source']"]])
      await open(view, {}, async (page) => {
        await page.click(`${count} summary`);
        const cells = await page.$$eval(`${count} details tbody tr`, (list) => list.map((row) => [...row.children].slice(1).map((one) => Number(one.textContent.replace(/\D/g, "")))));
        const shown = await page.$$eval(`${count} .spark`, (list) => list.map((one) => one.getAttribute("aria-label").match(/[\d,]+/g).slice(1).map((n) => Number(n.replace(/,/g, "")))));
        equal(cells, shown, view);
      });
  },

  async the_first_look_is_small() {
    const context = await browser.newContext(), page = await context.newPage();
    const bodies = [];
    page.on("response", (answer) => !/\/api\/v1\//.test(answer.url()) && bodies.push(answer.body()));
    await page.goto(HARK_URL);
    await page.waitForSelector("main table.wide");
    const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
    const bytes = (await Promise.all(bodies)).reduce((sum, body) => sum + body.length, 0);
    check(bytes > 10000 && bytes < 300 * 1024, `${bytes} bytes`);
    console.log(`   ${bytes} bytes of files, first paint after ${Math.round(paint)} ms`);
    await context.close();
  },

  async hostile_posts_do_no_harm() {
    const rtl = String.fromCodePoint(0x202e), zalgo = "a" + String.fromCodePoint(0x0301).repeat(10000);
    post({ text: `<script>alert(1)</script><img src=x onerror=alert(2)> I want #Quillon ${rtl} gnp.exe`, url: "javascript:alert(3)",
      author: { id: "x", handle: `<b>${rtl}x</b>`, name: `<script>alert(4)</script>${rtl}` } });
    post({ text: `${zalgo} #Quillon is broken`, url: "data:text/html,<script>alert(5)</script>", author: { id: "y", handle: "y", name: zalgo } });
    post({ text: "W".repeat(3000) + " #Quillon", url: " java\nscript:alert(6)", author: { id: "z", handle: "z" } });
    for (const view of ["/", "/brand/quillon"])
      for (const width of [1280, 360])
        await open(view, { viewport: { width, height: 740 } }, async (page) => {
          await page.waitForFunction(() => document.querySelector(".posts").textContent.includes("<script>alert(1)</script>"));
          equal(await page.$$eval("main script, main img, main iframe, main b.x", (list) => list.length), 0, "elements made of text");
          equal(await page.$$eval("main a", (list) => list.filter((link) => !/^https?:$/.test(link.protocol)).length), 0, "links that are none");
          equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "width");
          equal(await page.$$eval("main .post", (list) => list.filter((one) => /Open post/.test(one.textContent) && !one.querySelector("a.open")).length), 0, "words of links that are none");
          const heights = await page.$$eval("main .post", (list) => list.map((one) => one.getBoundingClientRect().height));
          check(Math.max(...heights) < 700, `a post of ${Math.max(...heights)} px`);
          const isolated = await page.$$eval("main .post .text, main .post .author", (list) => list.every((one) => one.tagName === "BDI"));
          check(isolated, "text that is not set apart");
          await page.screenshot({ path: `${HARK_SHOTS}/hostile-${width}${view.replaceAll("/", "-")}.png` });
        });
  },

  async empty_states_tell_what_to_do() {
    await open("/brand/nobody", {}, async (page) => check(/rule file/.test(await page.textContent(".empty")), "an unknown brand"));
    await open("/nowhere", {}, async (page) => check(/overview/.test(await page.textContent(".empty")), "no such view"));
    await open("/sources", {}, async (page) => check(/No gaps/.test(await page.textContent("section[aria-label=Gaps]")), "no gaps"));
  },

  async gaps_are_drawn_into_charts() {
    redis("XADD", "hark:gaps", "*", "source", "bluesky", "from", "2026-11-20T12:00:00Z", "to", "2026-11-20T12:30:00Z", "reason", "a test");
    await open("/brand/fallow-harbour", {}, async (page) => {
      check((await page.textContent(".gap title")).includes("bluesky"), "a gap");
      await page.screenshot({ path: `${HARK_SHOTS}/gap.png` });
    });
    await open("/sources", {}, async (page) => check(/a test/.test(await page.textContent("section[aria-label=Gaps]")), "the list"));
  },

  async rules_show_cost_quarantine_and_tests() {
    const time = new Date().toISOString(), pattern = { pattern: "/¿/", file: "rules/intents/question.yaml", line: 32, over: 5, skipped: 7, quarantined: true, share: 0.31 };
    await open("/rules", {}, async (page) => check(/No matcher is at work/.test(await page.textContent("section[aria-label='At work']")), "no matcher"));
    redis("HSET", "hark:health", "host:1", JSON.stringify({ time, command: "match", ruleset: "abcdef012345", measured_us: 1000, patterns: [pattern] }),
      "host:2", JSON.stringify({ time: "2026-11-20T00:00:00.000Z", command: "match", ruleset: "abcdef012345", measured_us: 1000, patterns: [] }));
    for (const [width, colorScheme] of [[1280, "light"], [360, "dark"]])
      await open("/rules", { viewport: { width, height: 900 }, colorScheme }, async (page) => {
        const work = await page.textContent("section[aria-label='At work']");
        check(/host:1[^]*counts|another set/.test(work) && /host:2[^]*silent for/.test(work) && /in quarantine/.test(work), work);
        const row = await page.$$eval("table.rules tbody tr", (list) => list.filter((one) => one.children[0].textContent === "question").map((one) => [...one.children].map((cell) => cell.textContent)));
        check(row.length === 3 && row.every((cells) => cells[4] === "31%" && /pass/.test(cells[5]) && /1 in quarantine/.test(cells[6])), JSON.stringify(row));
        equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "width");
        await page.screenshot({ path: `${HARK_SHOTS}/rules-${width}.png`, fullPage: true });
      });
    redis("DEL", "hark:health");
  },

  async many_brands_are_shown_on_demand_and_found() {
    const names = Array.from({ length: 60 }, (_, i) => `shop-${String(i).padStart(3, "0")}${i === 33 ? "-of-a-name-that-goes-on-and-on-to-the-end-of-its-line" : ""}`);
    redis("SADD", "hark:brands", ...names);
    for (const name of names) redis("HSET", `hark:total:${name}`, "mention", "1");
    for (const width of [1280, 360])
      await open("/", { viewport: { width, height: 740 } }, async (page) => {
        const rows = () => page.$$eval("main table.wide tbody tr th", (list) => list.map((one) => one.textContent));
        equal((await rows()).length, 50, "at first");
        await page.click("section[aria-label=Brands] .more button");
        await page.waitForFunction(() => document.querySelectorAll("main table.wide tbody tr").length === 63);
        await page.fill("input[type=search]", "SHOP 03");
        await page.waitForFunction(() => document.querySelectorAll("main table.wide tbody tr").length === 10);
        check((await rows()).every((name) => name.startsWith("shop-03")), "what is found");
        equal(await page.evaluate(() => document.documentElement.scrollWidth), width, "width");
        await page.screenshot({ path: `${HARK_SHOTS}/many-${width}.png` });
        await page.fill("input[type=search]", "no such thing");
        await page.waitForSelector("section[aria-label=Brands] .empty");
        await page.fill("input[type=search]", "");
        await page.waitForFunction(() => document.querySelectorAll("main table.wide tbody tr").length === 63);
      });
    redis("SREM", "hark:brands", ...names);
    redis("DEL", ...names.map((name) => `hark:total:${name}`));
  },

  // The last: the server is stopped.
  async the_page_says_when_data_stops() {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } }), page = await context.newPage();
    await page.goto(HARK_URL);
    await page.waitForSelector("main table.wide tbody tr");
    await page.waitForSelector(".status.good");
    process.kill(Number(HARK_SERVER), "SIGTERM");
    await page.waitForSelector(".status.bad", { timeout: 60000 });
    const refused = page.waitForEvent("requestfailed");
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange"))); // the page looks for news, in vain
    await refused;
    check(/connection to hark is lost/i.test(await page.textContent("#banner")), "the banner");
    check((await page.$$("main table.wide tbody tr")).length > 0, "the numbers stay");
    await page.screenshot({ path: `${HARK_SHOTS}/lost.png` });
    await context.close();
  },
};

let failed = false;
const only = process.argv.slice(2);
for (const [name, body] of Object.entries(tests)) {
  if (only.length && !only.some((word) => name.includes(word))) continue;
  try {
    await body();
    console.log(`ok ${name}`);
  } catch (error) {
    failed = true;
    console.log(error.stack);
    console.log(`not ok ${name}: ${error.message.split("\n")[0]}`);
  }
}
await browser.close();
process.exit(failed ? 1 : 0);
