import type { Summary } from "../data";
import { byId } from "./dom";
import { say } from "./words";

interface PlayerHooks {
  /** Another picture, or another moment, is to be shown. */
  moved(): void;
  /** There is a picture now, or none after all. */
  changed(): void;
  /** It has come to rest. */
  rested(): void;
}

/** The video: what of it is on the screen, and how to get about in it. */
export class Player {
  readonly video = byId<HTMLVideoElement>("video");
  readonly #hooks: PlayerHooks;
  #summary: Summary | undefined;
  /** Seconds: where the picture on the screen is. */
  time = 0;
  /** Where to go as soon as the video can. */
  #wanted: number | undefined;
  /** Whether it has turned out that there is none. */
  hasFailed = false;

  constructor(hooks: PlayerHooks) {
    this.#hooks = hooks;
    const { video } = this;
    video.addEventListener("loadedmetadata", () => {
      if (this.#wanted !== undefined) this.seek(this.#wanted);
      hooks.changed();
    });
    video.addEventListener("resize", () => hooks.changed());
    video.addEventListener("durationchange", () => hooks.changed());
    video.addEventListener("error", () => {
      if (!video.hasAttribute("src")) return;
      this.hasFailed = true;
      hooks.changed();
    });
    video.addEventListener("seeked", () => {
      this.time = video.currentTime;
      hooks.moved();
    });
    video.addEventListener("play", () => this.#playing(true));
    video.addEventListener("pause", () => this.#playing(false));
    this.#follow();
  }

  /** Whether there is a picture: a clip may have been deleted, or be of a kind that the browser does not play. */
  get hasPicture(): boolean {
    return this.#isOpen && this.video.videoWidth > 0;
  }

  /** Whether the browser knows the video by now. */
  get #isOpen(): boolean {
    return !this.hasFailed && this.video.readyState >= HTMLMediaElement.HAVE_METADATA;
  }

  /** Another clip, from its address; undefined for one without a video. */
  open(address: string | undefined): void {
    this.time = 0;
    this.#wanted = undefined;
    this.hasFailed = address === undefined;
    this.#summary = undefined;
    this.video.removeAttribute("src");
    if (address === undefined) this.video.load();
    else this.video.src = address;
    this.#hooks.changed();
  }

  set summary(summary: Summary | undefined) {
    this.#summary = summary;
  }

  /** Seconds of the clip, as far as is known. */
  get length(): number {
    const { duration } = this.video;
    return Math.max(
      Number.isFinite(duration) ? duration : 0,
      this.#summary?.last?.time ?? 0,
      this.#summary?.end ?? 0,
    );
  }

  /** Draws with the picture that is on the screen, where the browser says which one that is. */
  #follow(): void {
    const { video } = this;
    if ("requestVideoFrameCallback" in video) {
      const presented: VideoFrameRequestCallback = (_, { mediaTime }) => {
        // A picture from before a jump may come after it; it must not take the playhead back.
        if (!video.seeking) {
          this.time = mediaTime;
          this.#hooks.moved();
        }
        video.requestVideoFrameCallback(presented);
      };
      video.requestVideoFrameCallback(presented);
      return;
    }
    const tick = () => {
      if (this.video.paused) return;
      this.time = this.video.currentTime;
      this.#hooks.moved();
      requestAnimationFrame(tick);
    };
    this.video.addEventListener("play", tick);
  }

  seek(to: number): void {
    const { video } = this;
    this.#wanted = this.#isOpen ? undefined : Math.max(0, to);
    this.time = Math.min(Math.max(0, to), Math.max(this.length, this.#wanted ?? 0));
    // A little later than a frame's beginning, or rounding shows the one before it.
    if (this.#isOpen) video.currentTime = Math.min(this.time + 0.002, video.duration);
    this.#hooks.moved();
    if (!this.#isOpen || video.paused) this.#hooks.rested();
  }

  /** The video's frames per second, as its frame numbers tell. */
  #rate(): number {
    const { first, last } = this.#summary ?? {};
    const told = first && last ? (last.frame - first.frame) / (last.time - first.time) : 0;
    return told > 0 && Number.isFinite(told) ? told : 25;
  }

  step(frames: number): void {
    this.video.pause();
    const rate = this.#rate();
    // Into the middle of a frame, so that the next step leaves it.
    const at = Math.floor(this.time * rate + 0.05) + frames;
    this.seek((at + 0.5) / rate);
  }

  toggle(): void {
    const { video } = this;
    if (!this.hasPicture) return;
    // Refused when another clip has been chosen meanwhile.
    if (video.paused) video.play().catch(() => {});
    else video.pause();
  }

  set speed(rate: number) {
    this.video.playbackRate = rate;
    this.video.defaultPlaybackRate = rate;
  }

  /** The player alone, as large as the screen, or back. */
  toggleFullScreen(): void {
    const change = document.fullscreenElement
      ? document.exitFullscreen()
      : byId("player").requestFullscreen?.();
    // Where the browser allows none, as in a frame of another page.
    change?.catch(() => {});
  }

  #playing(is: boolean): void {
    const button = byId("play");
    button.classList.toggle("playing", is);
    button.setAttribute("aria-label", say(is ? "pause" : "play"));
    if (is) return;
    this.#hooks.moved();
    this.#hooks.rested();
  }
}
