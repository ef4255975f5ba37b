"""The drawing kit: the style of plots, the sheet, marks and parts of pictures. It knows no lesson."""
