"""Charts: rows and curves in, ECharts options out; one component draws them all."""
