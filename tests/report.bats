# The benchmarks' report: its files, and the page in a browser where there is one.
load helpers

report() {
    "$SWAPC" bench swap --swaps 10 --quick --progress off --report "$1" >"$work/report.out"
}

@test "a report holds a page that needs no network, the figures and a table" {
    report made
    [[ -s made/report.html && -s made/figures.json && -s made/swap.csv ]]
    [[ $(head -1 made/swap.csv) == engine,mode,p50_us,* ]]
    json made/figures.json 'd["swap"]["rows"] and d["swap"]["host"]["cpu"]'
    not grep -E '(src|href)="?(https?:)?//' made/report.html
    not grep -q '@DATA@' made/report.html
    [[ -z $(find made -name '*.new') ]]
    says report.out "made/report.html"
}

@test "a page that does not fit on the disk is an error and leaves none" {
    [[ -w /dev/full && $(id -u) == 0 ]] || skip "needs root, to mount a small folder"
    mkdir small
    mount -t tmpfs -o size=8k tmpfs small 2>/dev/null || skip "mounting is not allowed here"
    run --separate-stderr report small
    failed=$status said=$stderr
    ls small >files
    umount small
    [[ $failed == 1 && $said == *"cannot write small/"* ]]
    not grep -q 'report.html\|new' files
}

# No Redis on the PATH: three scenarios fail.
@test "a scenario that cannot be measured is said everywhere, and the others are measured" {
    mkdir bare
    run --separate-stderr env PATH="$work/bare" "$SWAPC" bench all --quick --rounds 1 --swaps 10 --requests 1 \
        --progress off --json all.json --report all
    [[ $status == 1 ]]
    says "$stderr" "single could not be measured to its end: redis-server is not installed" "3 of 10 scenarios"
    says "$output" "INCOMPLETE, it failed"
    json all.json 'd["incomplete"] and {r["bench"] for r in d["rows"]} == {"engines", "parts", "calls", "swap", "cold", "batch", "ring"}'
    json all/figures.json '{n for n in d if d[n]["failed"]} == {"single", "pipeline", "scale"}'
    json all/figures.json 'any("redis-server is not installed" in n for n in d["single"]["notes"])'
    json all/figures.json 'not any(d[n]["incomplete"] for n in ("engines", "swap", "ring"))'
    [[ -s all/report.html ]]
}

@test "a document that does not fit on the disk is an error and leaves no part of it; the page is there" {
    [[ $(id -u) == 0 ]] || skip "needs root, to mount a small folder"
    mkdir small
    mount -t tmpfs -o size=4k tmpfs small 2>/dev/null || skip "mounting is not allowed here"
    run --separate-stderr "$SWAPC" bench swap --swaps 10 --quick --progress off --json small/figures.json --report made
    failed=$status said=$stderr
    ls small >files
    umount small
    [[ $failed == 1 && $said == *"small/figures.json"*"No space left"* ]]
    [[ ! -s files && -s made/report.html ]]
}

# page.html shows the report 1280 and 390 wide and writes down what it finds.
@test "a browser shows the page without an error, wide and on a phone, light and dark" {
    browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
        skip "no chromium here"
    report made
    # figures at the very edges of their axes, whose labels are wider than what lies beside them
    python3 - made/report.html made/edge.html <<'END'
import json, sys
page = open(sys.argv[1]).read()
mark = '<script type="application/json" id="data">'
before, rest = page.split(mark)
data, after = rest.split("</script>", 1)
data = json.loads(data)
swap = data["documents"]["swap"]
for k, line in enumerate(swap["distributions"]):
    line["quantiles"] = [2.0 + k] * 10 + [200.0 for _ in line["quantiles"][10:]]
for k, row in enumerate(swap["rows"]):
    row["p50_us"] = 200.0 if k == 0 else 9000.0
open(sys.argv[2], "w").write(before + mark + json.dumps(data) + "</script>" + after)
END
    cat >page.html <<'END'
<!doctype html><body><pre id="found"></pre>
<iframe id="wide" src="made/report.html" width="1280" height="900"></iframe>
<iframe id="phone" src="made/report.html" width="390" height="900"></iframe>
<iframe id="wide-edge" src="made/edge.html" width="1280" height="900"></iframe>
<iframe id="phone-edge" src="made/edge.html" width="390" height="900"></iframe>
<script>onload = () => {
  for (const id of ["wide", "phone", "wide-edge", "phone-edge"]) {
    const page = document.getElementById(id).contentDocument;
    const fits = page.documentElement.scrollWidth <= document.getElementById(id).clientWidth;
    const cut = [...page.querySelectorAll("svg text")].filter(text => {
      const own = text.getBoundingClientRect(), svg = text.ownerSVGElement.getBoundingClientRect();
      return own.left < svg.left - 1 || own.right > svg.right + 1;
    });
    const ticks = [...page.querySelectorAll("svg text.soft")].map(text => text.getBoundingClientRect());
    const over = ticks.filter((own, i) => ticks.some((other, j) => j > i && Math.abs(own.top - other.top) < 2 && own.left < other.right && other.left < own.right));
    found.textContent += `${id} cut=${cut.length} over=${over.length}\n`;
    const colour = page.defaultView.getComputedStyle(page.body).backgroundColor;
    found.textContent += `${id} fits=${fits} bars=${page.querySelectorAll("svg rect").length} ` +
      `rows=${page.querySelectorAll("tbody tr").length} page=${colour}\n`;
    const button = page.querySelector("th:nth-child(3) button");
    button.click();
    found.textContent += `${id} sorted=${button.parentNode.getAttribute("aria-sort")}\n`;
  }
}</script>
END
    for scheme in 1 0; do # light, dark
        timeout 300 "$browser" --headless --no-sandbox --disable-gpu --disable-background-networking \
            --allow-file-access-from-files --blink-settings=preferredColorScheme=$scheme \
            --user-data-dir="$work/profile" --enable-logging=stderr --virtual-time-budget=5000 \
            --dump-dom "file://$work/page.html" >page.$scheme 2>log.$scheme
        not grep CONSOLE log.$scheme
        grep -Eq 'wide fits=true bars=[1-9][0-9]* rows=[1-9]' page.$scheme
        grep -Eq 'phone fits=true bars=[1-9][0-9]* rows=[1-9]' page.$scheme
        [[ $(grep -c 'sorted=ascending' page.$scheme) == 4 ]]
        [[ $(grep -c ' cut=0 over=0$' page.$scheme) == 4 ]] || { grep 'cut=' page.$scheme >&2; return 1; }
    done
    [[ $(grep -o 'page=rgb.*' page.1 | head -1) != $(grep -o 'page=rgb.*' page.0 | head -1) ]]
}
