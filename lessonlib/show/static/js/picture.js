// picture: an SVG that stands still as its own last frame, with a small player that runs or steps its CSS animations.
// All animations of a picture last `duration_s`, so the current time of any one of them is the picture's clock.
// A step's `t` is the moment at which the picture shows what its caption says; the last one is the complete picture.

function drawPicture(picture) {
  const { steps, duration_s: duration } = picture;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const node = (tag, className, text = "") => Object.assign(document.createElement(tag), { className, textContent: text });
  const figure = node("figure", "picture-figure");
  const caption = node("figcaption", "picture-caption");
  const controls = node("div", "picture-controls");
  let now = duration;
  let playing = false;

  // Two copies on a page: every id, class of motion and keyframe in the svg begins with the svg's own id.
  const id = /<svg[^>]* id="([^"]+)"/.exec(picture.svg)[1];
  const frame = node("div", "picture-frame");
  frame.innerHTML = picture.svg.replaceAll(id, `${id}-${Math.random().toString(36).slice(2, 9)}`);
  figure.append(frame);
  if (typeof panByKeys !== "undefined") panByKeys(frame, "Picture");
  const svg = frame.querySelector("svg");
  const animations = () => svg.getAnimations({ subtree: true });
  const stepAt = (seconds) => Math.max(0, steps.findIndex((step) => seconds <= step.t + 0.001));

  function say() {
    const at = stepAt(now);
    const words = `${at + 1} of ${steps.length}: ${steps[at].caption}`;
    if (caption.textContent !== words) {
      caption.textContent = words;
      if (typeof keepTogether !== "undefined") keepTogether(caption);
    }
    play.textContent = playing ? "Pause" : "Play";
    figure.dataset.time = now.toFixed(2);
  }

  /** The complete picture: no animation at all, just the marks as they are. */
  function rest() {
    playing = false;
    now = duration;
    svg.removeAttribute("data-moving");
    say();
  }

  function seek(seconds) {
    now = seconds;
    svg.setAttribute("data-moving", "");
    for (const animation of animations()) {
      animation.pause();
      animation.currentTime = 1000 * seconds;
    }
    // An animation that is taken out of the page before its first frame ends without an event.
    requestAnimationFrame(() => svg.isConnected || rest());
    say();
  }

  function follow() {
    if (!playing) return;
    now = (animations()[0]?.currentTime ?? 1000 * duration) / 1000;
    if (now >= duration) return rest();
    say();
    requestAnimationFrame(follow);
  }

  function pause() {
    playing = false;
    seek((animations()[0]?.currentTime ?? 1000 * now) / 1000);
  }

  function start() {
    seek(now >= duration ? 0 : now);
    playing = true;
    for (const animation of animations()) animation.play();
    follow();
  }

  /** One step on or back; from the last picture on to the first step, and from the first back to the last. */
  function step(by) {
    if (playing) pause();
    const at = stepAt(now);
    const within = now < steps[at].t - 0.001; // between two steps: back means the one before, on means this one's end
    const to = within && by > 0 ? at : (at + by + steps.length) % steps.length;
    if (to === steps.length - 1) rest();
    else seek(steps[to].t);
  }

  function control(name, act) {
    const button = node("button", "picture-button", name);
    button.type = "button";
    button.addEventListener("click", act);
    return button;
  }

  const play = control("Play", () => (playing ? pause() : start()));
  controls.setAttribute("role", "group");
  controls.setAttribute("aria-label", "Picture player");
  if (!calm) controls.append(play);
  controls.append(control("Step back", () => step(-1)), control("Step forward", () => step(1)));
  caption.setAttribute("aria-live", "polite");
  // A notebook takes cells that scroll away out of the page, which ends their animations: back to the still picture.
  svg.addEventListener("animationcancel", () => svg.isConnected || rest());
  figure.append(controls, caption);
  say();
  return figure;
}

{
  /** The picture and, below it, the words of its item. */
  /** @param {BlockView} view */
  function body(view) {
    const whole = document.createElement("div");
    whole.className = "picture-item";
    if (view.picture) whole.append(drawPicture(view.picture));
    if (view.html) {
      const words = document.createElement("div");
      words.className = "picture-words gp-words";
      words.innerHTML = view.html;
      whole.append(words);
    }
    return whole;
  }

  /** Draws into `root`, and leaves a picture that is already there alone, so that it keeps its place. */
  function draw(root, view) {
    const key = JSON.stringify([view.picture, view.html]);
    const old = root.querySelector(":scope > .picture-item");
    if (old?.dataset.picture === key) return;
    old?.remove();
    if (view.state === "locked") return;
    const whole = body(view);
    whole.dataset.picture = key;
    root.append(whole);
  }

  kinds.picture = { draw, body };
  if (typeof parts !== "undefined") parts.picture = drawPicture;
}
