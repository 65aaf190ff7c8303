"""The stage that keeps the geometries in step with the records; before the index, which holds what can be searched of them."""

from collections.abc import Sequence


class GeometryStage:
    """Follows `records`."""

    name = "knowledge.geometry"
    feed = "records"

    def process(self, keys: Sequence[str]) -> None:
        """Bring the geometries of these records up to date."""
        from knowledge.geometry.services import geometry_update

        geometry_update(records=keys)
