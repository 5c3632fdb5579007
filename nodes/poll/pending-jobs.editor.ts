import { Latest } from "../editor/latest";
import { notice } from "../editor/notice";
import { keepUpToDate } from "../editor/refresh";
import { call, isRefusal } from "../editor/server";
import { moment, untilThen, wordsOf } from "../editor/words";
import { shorten } from "../roboflow/shorten";
import type { ListedJob } from "./listed-job";

const say = wordsOf("roboflow-video-poll");
/** Characters of a name or an ID: they come from messages. */
const longest = 200;

/** Keeps the table of jobs for which a poll node waits up to date, as long as it stands in the page. */
export function pendingJobs(node: string, table: JQuery, message: JQuery): void {
  const body = table.find("tbody");
  const url = `roboflow-video/poll/${encodeURIComponent(node)}`;
  const refreshes = new Latest();
  void keepUpToDate(table, refresh);

  async function refresh(): Promise<void> {
    const isLatest = refreshes.ask();
    const answer = await call<{ ok?: true; jobs: ListedJob[] }>("GET", `${url}/jobs`);
    // A job may have been forgotten meanwhile.
    if (!isLatest()) return;
    const jobs = isRefusal(answer) ? [] : (answer.jobs ?? []);
    table.toggle(jobs.length > 0);
    if (isRefusal(answer))
      notice(
        message,
        answer.code === "NOT_DEPLOYED" ? "plain" : "bad",
        answer.code === "NOT_DEPLOYED" ? say("jobs.notDeployed") : answer.message,
      );
    else if (jobs.length === 0) notice(message, "plain", say("jobs.none"));
    else message.hide();
    show(jobs);
  }

  function show(jobs: ListedJob[]): void {
    // A table that is drawn anew would take the focus from a button under someone's finger.
    const focused = body.find(":focus").attr("data-entry");
    body.empty().append(...jobs.map(line));
    if (focused) body.find(`[data-entry="${CSS.escape(focused)}"]`).trigger("focus");
  }

  function line({ entry, fileName, jobId, since, polls, nextPoll }: ListedJob): JQuery {
    const label = say("jobs.forgetThis", { job: jobId });
    const forget = $("<button>", {
      type: "button",
      class: "red-ui-button red-ui-button-small",
      "data-entry": entry,
      "aria-label": label,
      title: label,
    })
      .text(say("jobs.forget"))
      .on("click", async () => {
        forget.prop("disabled", true);
        const answer = await call<{ ok?: true }>("POST", `${url}/forget`, { entry });
        await refresh();
        if (isRefusal(answer)) notice(message, "bad", answer.message);
      });
    return $("<tr>").append(
      $("<td>").append(
        $("<div>").text(shorten(fileName || say("jobs.unnamed"), longest)),
        $("<small>", { class: "roboflow-video-job" }).text(shorten(jobId, longest)),
      ),
      $("<td>").text(moment(new Date(since))),
      $("<td>").text(polls),
      $("<td>").text(nextPoll ? untilThen(new Date(nextPoll)) : ""),
      $("<td>").append(forget),
    );
  }
}
