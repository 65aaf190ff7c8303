"""Stage `knowledge.proposals`: finished entries are proposed for the topics that want their technique."""

from collections.abc import Sequence

from eln.entries.models import Entry
from ingest.parsing.models import ParsedFile
from ingest.parsing.selectors import parsed_channels
from knowledge.proposals.domain import File, values_of, wanted_by
from knowledge.proposals.services import Json, projects_follow, proposal_put, records_orphaned
from knowledge.records.growth import TOPIC as GROWTH
from knowledge.records.growth import film_formula
from knowledge.topics.schema import topics


def files_of(entry: Entry) -> list[File]:
    """The parsed files of an entry with their channels, in the order they came."""
    found = []
    attached = entry.attachments.filter(parsed__status=ParsedFile.Status.PARSED, set_aside=False)
    for attachment in attached.select_related("parsed").order_by("pk"):
        parsed = attachment.parsed
        if parsed is not None:
            found.append(File(attachment.file_name, parsed.technique, parsed_channels(parsed)))
    return found


def drafts_of(entry: Entry) -> dict[str, Json]:
    """What an entry is proposed as, by topic; nothing while it still goes on. Growth runs become records by themselves."""
    wanting = [schema for schema in topics().values() if schema.projection is not None and schema.id != GROWTH]
    if entry.state != Entry.State.FINISHED or not wanting:
        return {}
    files = files_of(entry)
    sample = entry.sample
    film = film_formula(sample.formula if sample else "", sample.name if sample else "", entry.title)
    return {
        schema.id: {
            "formula": film.source if film else "",
            "spacegroup_number": None,
            "values": values_of(schema, files),
            "files": [file.name for file in files],
        }
        for schema in wanting
        if wanted_by(schema, entry.technique, files)
    }


class ProposalStage:
    """Follows `entries`; key = primary key."""

    name = "knowledge.proposals"
    feed = "entries"

    def process(self, keys: Sequence[str]) -> None:
        """Propose what is finished, propose again what changed, follow projects, withdraw what is gone."""
        wanted = {int(key) for key in keys if key.isdigit()}
        found = list(Entry.objects.select_related("sample", "run", "instrument").filter(pk__in=wanted))
        for entry in found:
            for topic, draft in drafts_of(entry).items():
                proposal_put(entry=entry, topic=topic, draft=draft)
        projects_follow(found)
        records_orphaned(sorted(wanted - {entry.pk for entry in found}))
